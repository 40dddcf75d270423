import { CairnError } from '../base/errors.ts'

/** A path whose second part is `@<time>`: what it is without, and the time. */
export interface PathAt {
  readonly path: string
  /** Milliseconds since 1970; undefined: the path names no time. */
  readonly atMs: number | undefined
}

/**
 * Splits `<name>/@<time>/<rest>`. A time is ISO 8601, short or long (`2026-11-21`,
 * `2026-11-21T08:00:00Z`, `20261121T080000Z`), without a zone in UTC, or seconds since 1970. Throws
 * `invalid` for what is none.
 */
export function splitMoment(path: string): PathAt {
  const [, name, time, rest] = /^([^/]+)\/+@([^/]*)\/+(.*)$/s.exec(path) ?? []
  if (name === undefined || time === undefined) return { path, atMs: undefined }
  return { path: `${name}/${rest}`, atMs: parseTime(time) }
}

const compact = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

function parseTime(text: string): number {
  if (/^\d{1,10}$/.test(text) && text.length !== 8) return Number(text) * 1000
  const long = text
    .replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3')
    .replace(compact, '$1-$2-$3T$4:$5:$6Z')
  const isoDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:?\d\d)?)?$/
  const zoned = /T.*[^Z]$/.test(long) && !/[+-]\d\d:?\d\d$/.test(long) ? `${long}Z` : long
  const ms = isoDate.test(long) ? Date.parse(zoned) : Number.NaN
  if (!Number.isNaN(ms)) return ms
  throw new CairnError(
    'invalid',
    `${JSON.stringify(text.slice(0, 80))} is not a time: write @2026-11-21T08:00:00Z, or seconds since 1970`
  )
}
