/** A part of a body: from `start` to before `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Lower-cased header names, as node:http gives them. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

export interface Validators {
  readonly etag: string | undefined
  readonly lastModified: string
}

/**
 * Whether the client has this version already. Dates are compared as they are, not by order: a
 * mirror whose files went back in time must not leave clients with the newer ones for ever.
 * https://www.rfc-editor.org/rfc/rfc9110#section-13.2.2
 */
export function isNotModified(
  headers: RequestHeaders,
  { etag, lastModified }: Validators
): boolean {
  const tags = headers['if-none-match']
  if (typeof tags === 'string') {
    if (tags.trim() === '*') return true
    const known = tags.split(',').map(tag => tag.trim().replace(/^W\//, ''))
    return etag !== undefined && known.includes(etag)
  }
  return sameDate(headers['if-modified-since'], lastModified)
}

/**
 * The one range asked for; undefined: send all (none asked, several, not understood, or of another
 * version); `unsatisfiable`: none of it exists. https://www.rfc-editor.org/rfc/rfc9110#section-14
 */
export function rangeOf(
  headers: RequestHeaders,
  bytes: number,
  validators: Validators
): ByteRange | 'unsatisfiable' | undefined {
  if (headers.range === undefined) return undefined
  const condition = headers['if-range']
  if (typeof condition === 'string' && condition !== validators.etag) {
    if (!sameDate(condition, validators.lastModified)) return undefined
  }
  const parts = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(String(headers.range).replace(/ /g, ''))
  const [, first, last] = parts ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const start = Math.max(0, bytes - Number(last))
    return start < bytes ? { start, end: bytes } : 'unsatisfiable'
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= bytes) return 'unsatisfiable'
  return { start, end: last === '' ? bytes : Math.min(bytes, Number(last) + 1) }
}

function sameDate(given: string | string[] | undefined, date: string): boolean {
  if (typeof given !== 'string') return false
  const time = Date.parse(given)
  return !Number.isNaN(time) && Math.floor(time / 1000) === Math.floor(Date.parse(date) / 1000)
}
