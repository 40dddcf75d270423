import { limits } from './limits.ts'

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/**
 * The ranges a GET wants of a file: https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 * `whole` if the header is not understood, or asks for too many ranges or more than there is.
 */
export function parseRanges(
  header: string | undefined,
  size: number
): readonly ByteRange[] | 'whole' | 'unsatisfiable' {
  const set = /^\s*bytes\s*=(.*)$/i.exec(header ?? '')?.[1]
  if (set === undefined) return 'whole'
  const specs = set.split(',', limits.davRanges + 1)
  if (specs.length > limits.davRanges) return 'whole'
  const ranges: ByteRange[] = []
  for (const spec of specs) {
    const match = /^\s*(?:(\d{1,16})-(\d{0,16})|-(\d{1,16}))\s*$/.exec(spec)
    if (match === null) return 'whole'
    const [, first, last, suffix] = match
    const start = first === undefined ? Math.max(0, size - Number(suffix)) : Number(first)
    const end = last === undefined || last === '' ? size - 1 : Number(last)
    if (first !== undefined && end < start && last !== '') return 'whole'
    if (start < size && suffix !== '0') ranges.push({ start, end: Math.min(end, size - 1) })
  }
  if (ranges.length === 0) return 'unsatisfiable'
  const bytes = ranges.reduce((total, { start, end }) => total + end - start + 1, 0)
  return ranges.length > 1 && bytes > size ? 'whole' : ranges
}
