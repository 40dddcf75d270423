import { CairnError } from '../../base/errors.ts'
import type { Dav, Exchange, Method } from '../api.ts'
import { complete } from '../complete.ts'
import type { PropertyName } from '../dead-properties.ts'
import { depthOf } from '../depth.ts'
import { allLive, isLive, liveValue } from '../live-properties.ts'
import { membersOf } from '../members.ts'
import { describeResponse, multistatusHead, multistatusTail } from '../multistatus.ts'
import { hrefOf } from '../path.ts'
import { refuse } from '../refuse.ts'
import { isCollection, type Resource, walk } from '../resource.ts'
import { StreamOut } from '../stream-out.ts'
import { checkConditions } from '../validators.ts'
import { childOf, davSpace, elementsOf, isDav, readXml, wrap, type XmlElement } from '../xml.ts'

interface Query {
  readonly names: readonly PropertyName[]
  /** All dead ones, besides. */
  readonly dead: boolean
  /** Names without their values. */
  readonly bare: boolean
}

/**
 * Properties of a resource and, with depth 1, of its members, streamed. Depth infinity is refused
 * for collections, as the specification allows.
 * https://www.rfc-editor.org/rfc/rfc4918#section-9.1
 */
export const propfind: Method = async exchange => {
  const { dav, hold, path, request, response, signal } = exchange
  const query = parseQuery(await readXml(request))
  const depth = depthOf(exchange)
  const resource = await complete(dav, signal, () => {
    const found = walk(dav, hold, path)
    checkConditions(exchange, found)
    return found
  })
  if (depth === 'infinity' && isCollection(resource)) {
    throw refuse(403, 'Depth is 0 or 1 here', '<D:propfind-finite-depth/>')
  }
  const first = await complete(dav, signal, () => describe(dav, resource, query))
  response.writeHead(207, { 'content-type': 'application/xml; charset=utf-8' })
  const out = new StreamOut(response, signal)
  out.add(`${multistatusHead}${first}`)
  if (depth === '1' && isCollection(resource)) await addMembers(exchange, resource, query, out)
  out.add(multistatusTail)
  await out.end()
}

async function addMembers(
  exchange: Exchange,
  resource: Resource,
  query: Query,
  out: StreamOut
): Promise<void> {
  const { dav, signal } = exchange
  for await (const members of membersOf(exchange, resource)) {
    const text = await complete(dav, signal, () =>
      dav.database.read(() => members.map(member => describeMember(dav, member, query)).join(''))
    )
    if (out.add(text)) await out.flush()
  }
}

function parseQuery(body: XmlElement | undefined): Query {
  const all = { names: allLive.map(name => ({ space: davSpace, name })), dead: true, bare: false }
  if (body === undefined) return all
  if (!isDav(body, 'propfind')) throw refuse(400, 'the body is no DAV:propfind')
  const wanted = childOf(body, 'prop')
  const kinds = ['prop', 'allprop', 'propname'].filter(kind => childOf(body, kind) !== undefined)
  if (kinds.length !== 1) throw refuse(400, 'a propfind has one of prop, allprop and propname')
  if (wanted !== undefined) {
    return { names: elementsOf(wanted).map(nameOf), dead: false, bare: false }
  }
  if (childOf(body, 'propname') !== undefined) return { ...all, bare: true }
  const included = elementsOf(childOf(body, 'include')).map(nameOf)
  const more = included.filter(({ space, name }) => space !== davSpace || !allLive.includes(name))
  return { ...all, names: [...all.names, ...more] }
}

function nameOf({ space, name }: XmlElement): PropertyName {
  return { space, name }
}

function describe(dav: Dav, resource: Resource, query: Query): string {
  const href = hrefOf(resource.names, isCollection(resource))
  const ino = inoWithProperties(dav, resource)
  let found = ''
  let lacking = ''
  for (const property of query.names) {
    const live = liveValue(dav, resource, property)
    const dead =
      live === undefined && ino !== undefined ? dav.properties.get(ino, property) : undefined
    if (live !== undefined) found += wrap(property, query.bare ? '' : live)
    else if (dead !== undefined) found += dead
    else if (!query.dead || !isLive(property.space, property.name)) lacking += wrap(property, '')
  }
  if (query.dead && ino !== undefined) {
    for (const property of dav.properties.all(ino)) {
      found += query.bare ? wrap(property, '') : property.value
    }
  }
  const statuses = []
  if (found !== '' || lacking === '') statuses.push({ status: 200, content: found })
  if (lacking !== '') statuses.push({ status: 404, content: lacking })
  return describeResponse(href, statuses)
}

/** Nothing of one that was removed since it was listed. */
function describeMember(dav: Dav, member: Resource, query: Query): string {
  try {
    return describe(dav, member, query)
  } catch (error) {
    if (error instanceof CairnError && error.code === 'not-found') return ''
    throw error
  }
}

/** Undefined where nothing was ever set: most resources, and all of the read-only trees. */
function inoWithProperties(dav: Dav, resource: Resource): number | undefined {
  if (resource.kind === 'folder' || resource.tree !== dav.trees.mfs) return undefined
  const { ino } = resource.attributes
  return dav.properties.has(ino) ? ino : undefined
}
