import type { OutgoingHttpHeaders } from 'node:http'
import { parseRanges } from '../base/byte-ranges.ts'
import type { Exchange } from './exchange.ts'

/** What of a body is sent; `end` is included, and before `start` if there is nothing. */
export interface ChosenRange {
  readonly status: 200 | 206
  readonly start: number
  readonly end: number
  readonly headers: OutgoingHttpHeaders
}

/**
 * One range, or all of so many bytes: more than one need not be answered
 * (https://specs.ipfs.tech/http-gateways/path-gateway/#range-request-header). Answers 416, and gives
 * undefined, if nothing of it is there.
 */
export function chooseRange(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  headers: OutgoingHttpHeaders & { readonly etag: string },
  bytes: number
): ChosenRange | undefined {
  const condition = request.headers['if-range']
  const isCurrent = condition === undefined || condition === headers.etag
  const ranges = isCurrent ? parseRanges(request.headers.range, bytes) : 'whole'
  if (ranges === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes}` }).end()
    return undefined
  }
  const [range] = ranges === 'whole' || ranges.length > 1 ? [] : ranges
  const { start, end } = range ?? { start: 0, end: bytes - 1 }
  const length = { 'content-length': end - start + 1 }
  if (range === undefined) return { status: 200, start, end, headers: length }
  const place = { 'content-range': `bytes ${start}-${end}/${bytes}` }
  return { status: 206, start, end, headers: { ...length, ...place } }
}
