import { limits } from '../../base/limits.ts'
import { answerEmpty } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { complete } from '../complete.ts'
import { depthOf } from '../depth.ts'
import { checkLocks } from '../locks.ts'
import { type DavPath, isBelow } from '../path.ts'
import { refuse } from '../refuse.ts'
import { find, isCollection, type NodeResource, walk } from '../resource.ts'
import { checkConditions, destinationOf } from '../validators.ts'
import { type Place, placeOf } from '../writable.ts'

/** A copy shares content: https://www.rfc-editor.org/rfc/rfc4918#section-9.8 */
export const copy: Method = async exchange => {
  const { dav, signal } = exchange
  const depth = depthOf(exchange)
  if (depth === '1') throw refuse(400, 'COPY is of depth 0 or infinity')
  const members = depth === 'infinity'
  if (members && (await complete(dav, signal, () => isUnsealed(exchange)))) {
    await dav.trees.mfs.seal({ signal })
  }
  await transfer(exchange, 'followed', ({ attributes }, { parent, name, tree }) => {
    const { owner: caller, properties } = dav
    const carry = {
      has: (ino: number) => properties.has(ino),
      copy: (from: number, to: number) => properties.copy(from, to)
    }
    exchange.hold.keep(
      tree,
      tree.clone(attributes.ino, parent.ino, name, { caller, members, carry })
    )
  })
}

/** A rename: https://www.rfc-editor.org/rfc/rfc4918#section-9.9 */
export const move: Method = async exchange => {
  const { dav, hold, path } = exchange
  if (depthOf(exchange) !== 'infinity') throw refuse(400, 'MOVE is of depth infinity')
  await transfer(exchange, 'itself', (_source, to, tokens) => {
    const from = placeOf(dav, hold, path)
    checkLocks(dav.locks, tokens, { path, member: true, tree: true })
    const options = { mode: 'no-replace' } as const
    to.tree.rename(from.parent.ino, from.name, to.parent.ino, to.name, options)
    dav.locks.end(path)
  })
}

/** Copying many drafts, or a long one, costs more than to seal them, which has to be done anyway. */
function isUnsealed({ dav, hold, path }: Exchange): boolean {
  const { mfs } = dav.trees
  const source = find(dav, hold, path)
  if (source?.kind !== 'node' || source.tree !== mfs) return false
  const small = !isCollection(source) && source.attributes.size <= limits.davCopyBytes
  return !small && mfs.validators(source.attributes).cid === undefined
}

type Act = (source: NodeResource, to: Place, tokens: ReadonlySet<string>) => void

/** In one transaction: what stood at the destination goes, and `act` puts the source there. */
async function transfer(exchange: Exchange, last: 'followed' | 'itself', act: Act): Promise<void> {
  const { dav, response, signal } = exchange
  const destination = destinationOf(exchange)
  checkApart(exchange.path, destination)
  const replaced = await complete(dav, signal, () =>
    dav.database.write(() => transferNow(exchange, destination, last, act))
  )
  answerEmpty(response, replaced ? 204 : 201)
}

function checkApart(source: DavPath, destination: DavPath): void {
  if (isBelow(source, destination) || isBelow(destination, source)) {
    throw refuse(403, 'source and destination must not be the same, nor one within the other')
  }
}

function transferNow(
  exchange: Exchange,
  destination: DavPath,
  last: 'followed' | 'itself',
  act: Act
): boolean {
  const { dav, hold, path } = exchange
  const mayReplace = overwrite(exchange)
  const source = walk(dav, hold, path, last)
  const tokens = checkConditions(exchange, source)
  const place = placeOf(dav, hold, destination)
  if (source.kind === 'folder' || source.tree !== dav.trees.mfs) {
    throw refuse(403, 'only what lies in /dav/mfs can be copied or moved: get and put it')
  }
  const standing = find(dav, hold, destination, 'itself')
  if (standing !== undefined && !mayReplace) {
    throw refuse(412, 'the destination is there, and Overwrite is F')
  }
  checkLocks(dav.locks, tokens, { path: destination, member: true, tree: true })
  if (standing !== undefined) place.tree.removeTree(place.parent.ino, place.name)
  act(source, place, tokens)
  return standing !== undefined
}

function overwrite({ request }: Exchange): boolean {
  const text = String(request.headers.overwrite ?? 'T').toUpperCase()
  if (text === 'T' || text === 'F') return text === 'T'
  throw refuse(400, 'Overwrite is T or F')
}
