import { complete } from '../../base/complete.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { type Name, toName } from '../../base/names.ts'
import type { Exchange, Method } from '../api.ts'
import { describeOne, type Plan, planOf } from '../describe.ts'
import { Hold } from '../hold.ts'
import { describeFailure, multistatusHead, multistatusTail } from '../multistatus.ts'
import { hrefOf, pathOf } from '../path.ts'
import { nameOf } from '../property-name.ts'
import { type Refusal, refuse } from '../refuse.ts'
import { find, isCollection, isInMfs, type NodeResource, walk } from '../resource.ts'
import { streamOut } from '../stream-out.ts'
import { syncTokenOf, tokenCid } from '../sync-token.ts'
import { changesBetween, type TreeChange } from '../tree-changes.ts'
import { Turn } from '../turn.ts'
import { checkConditions } from '../validators.ts'
import { wholeView } from '../view.ts'
import { childOf, elementsOf, isDav, readXml, textOf, type XmlElement } from '../xml.ts'

interface SyncQuery {
  readonly token: string
  readonly deep: boolean
  readonly most: number | undefined
  readonly plan: Plan
}

/**
 * What changed in a collection since a token: https://www.rfc-editor.org/rfc/rfc6578#section-3
 * A token names the CID that the collection had: what differs is found by comparing the two trees.
 */
export const report: Method = async exchange => {
  const { dav, hold, path, request, signal } = exchange
  if ((request.headers.depth ?? '0') !== '0') throw refuse(400, 'sync-collection is of depth 0')
  const query = parseSync(await readXml(exchange))
  const collection = await complete(dav, signal, () => {
    const found = walk(dav, hold, path)
    checkConditions(exchange, found)
    return found
  })
  if (!isCollection(collection) || collection.kind === 'folder' || !isInMfs(dav, collection)) {
    throw refuse(403, 'only folders of /dav/mfs tell what changed', '<D:supported-report/>')
  }
  const { cid } = await dav.trees.mfs.seal({ signal })
  const after = await complete(dav, signal, () => sealed(exchange, toName(cid.toString())))
  const before = query.token === '' ? undefined : previous(exchange, query.token)
  const changes = changesBetween({
    tree: dav.trees.ipfs,
    before: before?.attributes.ino,
    after: after.attributes.ino,
    levels: query.deep ? limits.davPathNames - path.names.length : 1
  })
  await answer(exchange, query, await within(changes, query.most), syncTokenOf(after))
}

/** The collection in the tree that was just sealed. */
function sealed({ dav, hold, path }: Exchange, root: Name): NodeResource {
  const names = [toName('ipfs'), root, ...path.names.slice(1)]
  const found = walk({ ...dav, view: wholeView }, hold, pathOf(names))
  if (found.kind === 'node' && isCollection(found)) return found
  throw refuse(503, 'the folder is being replaced: try again')
}

/** Throws a refusal with status 403 if the token is none, or what it names is not held any more. */
function previous({ dav, hold }: Exchange, token: string): NodeResource {
  const invalid = () => refuse(403, 'the sync token is not known here', '<D:valid-sync-token/>')
  const cid = tokenCid(token)
  if (cid === undefined) throw invalid()
  try {
    const found = find({ ...dav, view: wholeView }, hold, pathOf([toName('ipfs'), cid]))
    if (found?.kind === 'node' && isCollection(found)) return found
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
  }
  throw invalid()
}

/** A client that wants no more than so many is told that there are more. */
async function within(
  changes: Iterable<TreeChange | undefined>,
  most: number | undefined
): Promise<Iterable<TreeChange | undefined>> {
  if (most === undefined) return changes
  const taken: TreeChange[] = []
  const turn = new Turn()
  for (const change of changes) {
    await turn.next()
    if (change === undefined) continue
    if (taken.length >= Math.min(most, limits.davSyncResults)) {
      throw refuse(507, 'there are more changes', '<D:number-of-matches-within-limits/>')
    }
    taken.push(change)
  }
  return taken
}

async function answer(
  exchange: Exchange,
  { plan }: SyncQuery,
  changes: Iterable<TreeChange | undefined>,
  token: string
): Promise<void> {
  const out = streamOut(exchange, 207, { 'content-type': 'application/xml; charset=utf-8' })
  out.add(multistatusHead)
  const turn = new Turn()
  for (const change of changes) {
    await turn.next()
    if (change !== undefined && out.add(describeChange(exchange, change, plan))) await out.flush()
  }
  out.add(`<D:sync-token>${token}</D:sync-token>${multistatusTail}`)
  await out.end()
}

/** What has gone since the tree was sealed is told the next time. Each is let go when it is described. */
function describeChange(
  { dav, path }: Exchange,
  { names: below, gone, folder }: TreeChange,
  plan: Plan
): string {
  const names = [...path.names, ...below]
  if (gone) {
    const href = hrefOf(dav.view, names, folder)
    return describeFailure(href, 404)
  }
  const hold = new Hold()
  try {
    const found = find(dav, hold, pathOf(names))
    return found === undefined ? '' : describeOne(dav, found, plan)
  } catch (error) {
    if (error instanceof CairnError) return ''
    throw error
  } finally {
    hold.release()
  }
}

function parseSync(body: XmlElement | undefined): SyncQuery {
  if (body === undefined) throw refuse(400, 'a REPORT has a body')
  if (!isDav(body, 'sync-collection')) {
    throw refuse(403, 'only sync-collection is reported here', '<D:supported-report/>')
  }
  const token = childOf(body, 'sync-token')
  const level = childOf(body, 'sync-level')
  if (token === undefined || level === undefined) throw badSync()
  const depth = textOf(level).trim()
  if (depth !== '1' && depth !== 'infinite') throw badSync()
  const names = elementsOf(childOf(body, 'prop')).map(nameOf)
  return {
    token: textOf(token).trim(),
    deep: depth === 'infinite',
    most: mostOf(childOf(childOf(body, 'limit'), 'nresults')),
    plan: planOf({ names, dead: false, bare: false })
  }
}

function mostOf(element: XmlElement | undefined): number | undefined {
  if (element === undefined) return undefined
  const text = textOf(element).trim()
  if (!/^\d{1,9}$/.test(text)) throw badSync()
  return Number(text)
}

function badSync(): Refusal {
  return refuse(400, 'the sync-collection is not as RFC 6578, section 6.1, has it')
}
