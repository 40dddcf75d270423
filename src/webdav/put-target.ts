import type { Exchange } from './api.ts'
import { checkLocks } from './locks.ts'
import { refuse } from './refuse.ts'
import { find, isCollection, type NodeResource } from './resource.ts'
import { checkConditions } from './validators.ts'
import { type Place, placeOf } from './writable.ts'

/** Where a body goes. */
export interface PutTarget {
  readonly place: Place
  readonly standing: NodeResource | undefined
}

/**
 * Checked before the body is read, and again when something is changed. Throws a refusal: 405 for a
 * collection, 412, 423, and as `placeOf`.
 */
export function putTarget(exchange: Exchange): PutTarget {
  const { dav, hold, path } = exchange
  const place = placeOf(dav, hold, path)
  const standing = find(dav, hold, path)
  const tokens = checkConditions(exchange, standing)
  if (standing?.kind === 'folder' || (standing !== undefined && isCollection(standing))) {
    throw refuse(405, 'a collection has no body to put')
  }
  checkLocks(dav.locks, tokens, { path, member: standing === undefined, tree: false })
  return { place, standing }
}
