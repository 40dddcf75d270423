import { complete } from '../../base/complete.ts'
import { limits } from '../../base/limits.ts'
import type { Exchange, Method } from '../api.ts'
import { depthOf } from '../depth.ts'
import { describeOne, describeSome, type Plan, planOf, type Query } from '../describe.ts'
import { allLive } from '../live-properties.ts'
import { membersOf } from '../members.ts'
import { multistatusHead, multistatusTail } from '../multistatus.ts'
import { nameOf } from '../property-name.ts'
import { refuse } from '../refuse.ts'
import { isCollection, isInMfs, type Resource, walk } from '../resource.ts'
import { type StreamOut, streamOut } from '../stream-out.ts'
import { checkConditions } from '../validators.ts'
import { childOf, davSpace, elementsOf, isDav, readXml, type XmlElement } from '../xml.ts'

/**
 * Properties of a resource and, with depth 1, of its members, streamed. Depth infinity is answered in
 * `/dav/mfs` for trees that are not too large, and else refused, as the specification allows.
 * https://www.rfc-editor.org/rfc/rfc4918#section-9.1
 */
export const propfind: Method = async exchange => {
  const { dav, hold, path, signal } = exchange
  const plan = planOf(parseQuery(await readXml(exchange)))
  const depth = depthOf(exchange)
  const look = () => {
    const found = walk(dav, hold, path)
    checkConditions(exchange, found)
    return found
  }
  let resource = await complete(dav, signal, look)
  if (asksForToken(plan) && isInMfs(dav, resource) && isCollection(resource)) {
    await dav.trees.mfs.seal({ signal })
    resource = await complete(dav, signal, look)
  }
  if (depth === 'infinity' && isCollection(resource)) await checkSmall(exchange, resource)
  const first = await complete(dav, signal, () => describeOne(dav, resource, plan))
  const out = streamOut(exchange, 207, { 'content-type': 'application/xml; charset=utf-8' })
  out.add(`${multistatusHead}${first}`)
  if (depth !== '0' && isCollection(resource)) {
    await addMembers(exchange, resource, { plan, out, deep: depth === 'infinity' })
  }
  out.add(multistatusTail)
  await out.end()
}

/** A folder has a token as it is sealed: https://www.rfc-editor.org/rfc/rfc6578#section-4 */
function asksForToken({ query: { names, bare } }: Plan): boolean {
  return !bare && names.some(({ space, name }) => space === davSpace && name === 'sync-token')
}

/** Throws a refusal for what would be answered at a length that nobody asked for. */
async function checkSmall(exchange: Exchange, resource: Resource): Promise<void> {
  const tooLarge = () =>
    refuse(403, 'the tree is too large: use Depth 1', '<D:propfind-finite-depth/>')
  if (!isInMfs(exchange.dav, resource)) throw tooLarge()
  let left: number = limits.davInfiniteMembers
  const count = async (collection: Resource): Promise<void> => {
    for await (const members of membersOf(exchange, collection)) {
      left -= members.length
      if (left < 0) throw tooLarge()
      for (const member of members) if (isDescended(member)) await count(member)
    }
  }
  await count(resource)
}

/** What a link leads to is shown where it lies: links may lead round in circles. */
function isDescended(member: Resource): boolean {
  return isCollection(member) && member.kind === 'node' && member.linked !== true
}

interface Listing {
  readonly plan: Plan
  readonly out: StreamOut
  /** Members of members, too. */
  readonly deep: boolean
}

async function addMembers(exchange: Exchange, resource: Resource, listing: Listing): Promise<void> {
  const { dav, signal } = exchange
  const { plan, out, deep } = listing
  for await (const members of membersOf(exchange, resource)) {
    for (let next = 0; next < members.length; ) {
      const texts = await complete(dav, signal, () => describeSome(dav, members, next, plan))
      next += texts.length
      if (out.add(texts.join(''))) await out.flush()
    }
    if (!deep) continue
    for (const member of members) {
      if (isDescended(member)) await addMembers(exchange, member, listing)
    }
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
