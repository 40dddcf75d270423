import { complete } from '../../base/complete.ts'
import type { Exchange, Method } from '../api.ts'
import { depthOf } from '../depth.ts'
import { describeOne, describeSome, type Plan, planOf, type Query } from '../describe.ts'
import { allLive } from '../live-properties.ts'
import { membersOf } from '../members.ts'
import { multistatusHead, multistatusTail } from '../multistatus.ts'
import { nameOf } from '../property-name.ts'
import { refuse } from '../refuse.ts'
import { isCollection, type Resource, walk } from '../resource.ts'
import { type StreamOut, streamOut } from '../stream-out.ts'
import { checkConditions } from '../validators.ts'
import { childOf, davSpace, elementsOf, isDav, readXml, type XmlElement } from '../xml.ts'

/**
 * Properties of a resource and, with depth 1, of its members, streamed. Depth infinity is refused
 * for collections, as the specification allows.
 * https://www.rfc-editor.org/rfc/rfc4918#section-9.1
 */
export const propfind: Method = async exchange => {
  const { dav, hold, path, signal } = exchange
  const plan = planOf(parseQuery(await readXml(exchange)))
  const depth = depthOf(exchange)
  const resource = await complete(dav, signal, () => {
    const found = walk(dav, hold, path)
    checkConditions(exchange, found)
    return found
  })
  if (depth === 'infinity' && isCollection(resource)) {
    throw refuse(403, 'Depth is 0 or 1 here', '<D:propfind-finite-depth/>')
  }
  const first = await complete(dav, signal, () => describeOne(dav, resource, plan))
  const out = streamOut(exchange, 207, { 'content-type': 'application/xml; charset=utf-8' })
  out.add(`${multistatusHead}${first}`)
  if (depth === '1' && isCollection(resource)) await addMembers(exchange, resource, plan, out)
  out.add(multistatusTail)
  await out.end()
}

async function addMembers(
  exchange: Exchange,
  resource: Resource,
  plan: Plan,
  out: StreamOut
): Promise<void> {
  const { dav, signal } = exchange
  for await (const members of membersOf(exchange, resource)) {
    for (let next = 0; next < members.length; ) {
      const texts = await complete(dav, signal, () => describeSome(dav, members, next, plan))
      next += texts.length
      if (out.add(texts.join(''))) await out.flush()
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
