import type { Digest } from '../base/digest.ts'
import { limits } from '../base/limits.ts'
import type { Classification } from './adapter.ts'
import type { CatalogItem, Expectation } from './api.ts'
import { bounds } from './bounds.ts'

/** All that a decision is made of; no decision does I/O or looks at a clock. */
export interface Situation {
  readonly wanted: Pick<Classification, 'freshness'>
  /** What the request or the newest document says the bytes are. */
  readonly expected: Expectation | undefined
  readonly held: Pick<CatalogItem, 'digests' | 'validatedMs'> | undefined
  readonly nowMs: number
}

/**
 * - `serve`: what is held is right as it is.
 * - `revalidate`: it may still be right; ask with its validators.
 * - `fetch`: nothing held, or the index names other bytes.
 */
export type Decision = 'serve' | 'revalidate' | 'fetch'

/**
 * An index entry decides before any age: bytes it names are right for as long as it names them,
 * others are wrong at once. That is what keeps an index and its files of one version. What never changes
 * but was not yet compared with the digest named now is fetched to be compared.
 */
export function decide({ wanted, expected, held, nowMs }: Situation): Decision {
  if (held === undefined) return 'fetch'
  const verdict = compare(held.digests, expected)
  if (verdict === 'other') return 'fetch'
  if (verdict === 'same') return 'serve'
  if (wanted.freshness.kind === 'immutable') return expected === undefined ? 'serve' : 'fetch'
  const ageMs = nowMs - held.validatedMs
  return ageMs >= 0 && ageMs < wanted.freshness.maxAgeMs ? 'serve' : 'revalidate'
}

/** Until when an item is fresh by its age alone, if nothing is heard of it. */
export function freshUntilMs(
  { freshness }: Situation['wanted'],
  { validatedMs }: Pick<CatalogItem, 'validatedMs'>
): number {
  return freshness.kind === 'immutable'
    ? Number.POSITIVE_INFINITY
    : validatedMs + freshness.maxAgeMs
}

/** Whether what is held may be answered when the upstream fails: unless it is known to be wrong. */
export function mayServeStale({ expected, held }: Pick<Situation, 'expected' | 'held'>): boolean {
  return held !== undefined && !contradicts(expected, held.digests)
}

/** True if these are not the bytes that the newest document names. */
export function contradicts(
  expected: Expectation | undefined,
  digests: readonly Digest[]
): boolean {
  return compare(digests, expected) === 'other'
}

function compare(
  digests: readonly Digest[],
  expected: Expectation | undefined
): 'same' | 'other' | 'unknown' {
  if (expected === undefined) return 'unknown'
  if (digests.includes(expected.digest)) return 'same'
  const algorithm = expected.digest.slice(0, expected.digest.indexOf(':') + 1)
  return digests.some(digest => digest.startsWith(algorithm)) ? 'other' : 'unknown'
}

/**
 * What the answer to one request means for a flight.
 * https://www.rfc-editor.org/rfc/rfc9110#section-15
 */
export type StatusMeaning = 'body' | 'rest' | 'not-modified' | 'not-found' | 'again' | 'refused'

export function meaningOf(status: number): StatusMeaning {
  if (status === 200) return 'body'
  if (status === 206) return 'rest'
  if (status === 304) return 'not-modified'
  if (status === 404 || status === 410) return 'not-found'
  return status >= 500 || status === 408 || status === 429 ? 'again' : 'refused'
}

/** A flight that lost its last reader is finished when the waste of stopping is larger than of going on. */
export function isWorthFinishing(
  arrivedBytes: number,
  totalBytes: number | undefined,
  smallBytes: number
): boolean {
  if (totalBytes === undefined) return false
  return totalBytes - arrivedBytes <= smallBytes || arrivedBytes * 2 >= totalBytes
}

/** What is on its way to be taken over is read into memory, and other documents as they pass. */
export function mostBytesOf({
  document,
  passing
}: Pick<Classification, 'document' | 'passing'>): number {
  if (passing === true) return limits.releaseBytes
  return document === undefined ? bounds.flightBytes : limits.documentBytes
}
