import { partialUpdateType } from '../allowed.ts'
import type { Exchange, Method } from '../api.ts'
import { refuse } from '../refuse.ts'
import { type Part, writePart } from '../write-part.ts'

/** sabre's partial update: https://sabre.io/dav/http-patch/ */
export const patch: Method = async exchange => {
  const { headers } = exchange.request
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== partialUpdateType) throw refuse(415, `PATCH is of ${partialUpdateType}`)
  const length = lengthOf(exchange)
  const range = String(headers['x-update-range'] ?? '')
  await writePart(exchange, size => parseUpdateRange(range, { size, length }))
}

function lengthOf({ request }: Exchange): number {
  const { 'content-length': length } = request.headers
  if (length === undefined) throw refuse(411, 'PATCH needs a Content-Length')
  return Number(length)
}

/**
 * `append`, `bytes=3-6`, `bytes=4-` or `bytes=-5`, the last five of the file. Throws a refusal: 400,
 * or 416 if the body is not as long as the range.
 */
export function parseUpdateRange(
  header: string,
  { size, length }: { readonly size: number; readonly length: number }
): Part {
  if (/^\s*append\s*$/i.test(header)) return { start: size, length }
  const match = /^\s*bytes\s*=\s*(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))\s*$/i.exec(header)
  if (match === null) throw refuse(400, 'X-Update-Range is append, bytes=3-6, bytes=4- or bytes=-5')
  const [, first, last = '', suffix] = match
  if (suffix !== undefined) return { start: Math.max(0, size - Number(suffix)), length }
  const start = Number(first)
  if (last !== '' && Number(last) - start + 1 !== length) {
    throw refuse(416, 'the body is not as long as X-Update-Range says')
  }
  return { start, length }
}
