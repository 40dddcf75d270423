import { limits } from '../../base/limits.ts'
import { fileType } from '../../vfs/api.ts'
import { answerXml } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { commit } from '../commit.ts'
import { depthOf } from '../depth.ts'
import { describeLocks } from '../lock-xml.ts'
import { checkLocks, type Lock, LockedBelow, type NewLock } from '../locks.ts'
import { describeFailure } from '../multistatus.ts'
import { hrefOf } from '../path.ts'
import { refuse } from '../refuse.ts'
import { find, isCollection } from '../resource.ts'
import { checkConditions } from '../validators.ts'
import { wholeView } from '../view.ts'
import { checkWritable, placeOf } from '../writable.ts'
import { childOf, isDav, readXml, serialize, type XmlElement } from '../xml.ts'

interface Taken {
  readonly lock: Lock
  readonly made: boolean
}

/**
 * Takes or refreshes a write lock; where nothing is, an empty file is made. One of a whole tree in which
 * something is locked is answered for that: https://www.rfc-editor.org/rfc/rfc4918#section-9.10.3
 * https://www.rfc-editor.org/rfc/rfc4918#section-9.10
 */
export const lock: Method = async exchange => {
  const { dav, path, response } = exchange
  checkWritable(dav, path)
  const info = await readXml(exchange)
  const step = info === undefined ? () => refresh(exchange) : () => take(exchange, info)
  try {
    const { lock, made } = await commit(exchange, step)
    const content = `<D:lockdiscovery>${describeLocks(dav, [lock])}</D:lockdiscovery>`
    const token = info === undefined ? {} : { 'lock-token': `<${lock.token}>` }
    answerXml(response, made ? 201 : 200, 'prop', content, token)
  } catch (cause) {
    if (!(cause instanceof LockedBelow)) throw cause
    const failed = describeFailure(cause.href, 423, cause.condition)
    const dependent = describeFailure(hrefOf(dav.view, path.names, true), 424)
    answerXml(response, 207, 'multistatus', `${failed}${dependent}`)
  }
}

function refresh(exchange: Exchange): Taken {
  const { dav, hold, path } = exchange
  const tokens = checkConditions(exchange, find(dav, hold, path))
  const held = dav.locks.covering(path).find(({ own, token }) => own && tokens.has(token))
  const lock = held && dav.locks.refresh(held.token, timeoutOf(exchange))
  if (lock !== undefined) return { lock, made: false }
  throw refuse(
    412,
    'the If header names no lock of this resource to refresh',
    '<D:lock-token-matches-request-uri/>'
  )
}

function take(exchange: Exchange, info: XmlElement): Taken {
  const { dav, hold, path } = exchange
  const asked = parseLockInfo(exchange, info)
  const standing = find(dav, hold, path)
  const tokens = checkConditions(exchange, standing)
  if (standing === undefined) {
    checkLocks(dav.locks, tokens, { path, member: true, tree: false })
    const { tree, parent, name } = placeOf(dav, hold, path)
    const mode = fileType.regular | 0o644
    hold.keep(tree, tree.makeNode(parent.ino, name, mode, 0, dav.owner))
  }
  const href = hrefOf(wholeView, path.names, standing !== undefined && isCollection(standing))
  return { lock: dav.locks.take(path, { ...asked, href }), made: standing === undefined }
}

function parseLockInfo(exchange: Exchange, info: XmlElement): Omit<NewLock, 'href'> {
  const scope = childOf(info, 'lockscope')
  const exclusive = childOf(scope, 'exclusive') !== undefined
  const shared = childOf(scope, 'shared') !== undefined
  const write = childOf(childOf(info, 'locktype'), 'write') !== undefined
  if (!isDav(info, 'lockinfo') || exclusive === shared || !write) {
    throw refuse(400, 'a lock is exclusive or shared, and for writing')
  }
  const depth = depthOf(exchange)
  if (depth === '1') throw refuse(400, 'a lock is of depth 0 or infinity')
  return {
    exclusive,
    infinite: depth === 'infinity',
    owner: ownerOf(info),
    timeoutSeconds: timeoutOf(exchange)
  }
}

/** Shown with every resource that the lock covers, so it must be short. */
function ownerOf(info: XmlElement): string {
  const element = childOf(info, 'owner')
  const owner = element === undefined ? '' : serialize(element)
  if (owner.length <= limits.davLockOwner) return owner
  throw refuse(413, `the owner of a lock has more than ${limits.davLockOwner} characters`)
}

/** The first time of the Timeout header that is understood, within bounds. */
function timeoutOf({ request }: Exchange): number {
  const seconds = /\bSecond-(\d{1,10})\b/i.exec(String(request.headers.timeout ?? ''))?.[1]
  return Math.min(Number(seconds ?? limits.davLockSeconds), limits.davLockSeconds)
}
