import { CairnError } from '../base/errors.ts'
import type { Dav } from './api.ts'
import type { PropertyName } from './dead-properties.ts'
import { isLive, type LiveValue, liveOf } from './live-properties.ts'
import { describeResponse } from './multistatus.ts'
import { hrefOf } from './path.ts'
import { isCollection, type Resource } from './resource.ts'
import { tagsAround, wrap } from './xml.ts'

/** Which properties are wanted of each resource. */
export interface Query {
  readonly names: readonly PropertyName[]
  /** All dead ones, besides. */
  readonly dead: boolean
  /** Names without their values. */
  readonly bare: boolean
}

/** A query made ready once for the many resources that it is asked of. */
export interface Plan {
  readonly query: Query
  readonly steps: readonly Step[]
}

interface Step {
  readonly property: PropertyName
  readonly live: LiveValue | undefined
  readonly opening: string
  readonly closing: string
  readonly empty: string
  /** Left out of an answer to all there is, where a resource has it not. */
  readonly optional: boolean
}

export function planOf(query: Query): Plan {
  return { query, steps: query.names.map(property => stepOf(query, property)) }
}

function stepOf(query: Query, property: PropertyName): Step {
  const [opening, closing] = tagsAround(property)
  return {
    property,
    opening,
    closing,
    empty: wrap(property, ''),
    live: liveOf(property),
    optional: query.dead && isLive(property.space, property.name)
  }
}

/** So much is said before it is sent, in characters. */
const enough = 64 * 1024

/**
 * A `DAV:response` for each resource from `first` on, until enough is said; nothing for one that was
 * removed since it was listed. At least one, if there is one.
 */
export function describeSome(
  dav: Dav,
  resources: readonly Resource[],
  first: number,
  plan: Plan
): string[] {
  return dav.database.read(() => {
    const texts: string[] = []
    const having = dav.properties.among(inosOf(dav, resources))
    let said = 0
    for (let index = first; index < resources.length && said < enough; index++) {
      const resource = resources[index]
      if (resource === undefined) break
      const text = describeMember(dav, resource, plan, having)
      texts.push(text)
      said += text.length
    }
    return texts
  })
}

export function describeOne(dav: Dav, resource: Resource, plan: Plan): string {
  return describe(dav, resource, plan, dav.properties.among(inosOf(dav, [resource])))
}

/** Those in the one tree that can have dead properties. */
function inosOf(dav: Dav, resources: readonly Resource[]): number[] {
  return resources.flatMap(resource =>
    resource.kind === 'node' && resource.tree === dav.trees.mfs ? [resource.attributes.ino] : []
  )
}

function describeMember(
  dav: Dav,
  member: Resource,
  plan: Plan,
  having: ReadonlySet<number>
): string {
  try {
    return describe(dav, member, plan, having)
  } catch (error) {
    if (error instanceof CairnError && error.code === 'not-found') return ''
    throw error
  }
}

function describe(dav: Dav, resource: Resource, plan: Plan, having: ReadonlySet<number>): string {
  const { dead: all, bare } = plan.query
  const ino = inosOf(dav, [resource]).find(each => having.has(each))
  let found = ''
  let lacking = ''
  for (const { property, live, opening, closing, empty, optional } of plan.steps) {
    const value = live?.(dav, resource)
    if (value !== undefined) {
      found += bare || value === '' ? empty : opening + value + closing
      continue
    }
    const dead = ino === undefined ? undefined : dav.properties.get(ino, property)
    if (dead !== undefined) found += dead
    else if (!optional) lacking += empty
  }
  if (all && ino !== undefined) {
    for (const property of dav.properties.all(ino)) {
      found += bare ? wrap(property, '') : property.value
    }
  }
  const statuses = []
  if (found !== '' || lacking === '') statuses.push({ status: 200, content: found })
  if (lacking !== '') statuses.push({ status: 404, content: lacking })
  return describeResponse(hrefOf(dav.view, resource.names, isCollection(resource)), statuses)
}
