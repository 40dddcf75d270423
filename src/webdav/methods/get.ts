import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import { type ByteRange, parseRanges } from '../../base/byte-ranges.ts'
import { complete } from '../../base/complete.ts'
import { contentTypeOf } from '../../base/content-type.ts'
import { limits } from '../../base/limits.ts'
import { fileType } from '../../vfs/api.ts'
import { answerEmpty } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { showListing } from '../listing.ts'
import { refuse } from '../refuse.ts'
import { isCollection, isType, type NodeResource, walk } from '../resource.ts'
import { sendBytes, sendPacked, write } from '../send-bytes.ts'
import { isPacked } from '../stream-out.ts'
import { checkConditions, modifiedMsOf, packedTag, tagsOf } from '../validators.ts'

/** Files, whole or in ranges; folders as a page. HEAD is the same without the body. */
export const get: Method = async exchange => {
  const { dav, hold, path, signal } = exchange
  const resource = await complete(dav, signal, () => {
    const found = walk(dav, hold, path)
    checkConditions(exchange, found)
    return found
  })
  if (resource.kind === 'folder' || isCollection(resource)) return showListing(exchange, resource)
  if (!isType(resource.attributes, fileType.regular)) throw refuse(403, 'it is no file to be read')
  await sendFile(exchange, resource)
}

async function sendFile(exchange: Exchange, file: NodeResource): Promise<void> {
  const { dav, request, response } = exchange
  const { size } = file.attributes
  const tags = tagsOf(dav, file)
  const [tag] = tags
  const modified = dav.dates.http(modifiedMsOf(file.attributes))
  const type = contentTypeOf(file.names.at(-1))
  const text = isText(type) && size >= limits.davPackedLeastBytes
  const headers = {
    ...(tag === undefined ? {} : { etag: tag }),
    'last-modified': modified,
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    ...(text ? { vary: 'accept-encoding' } : {})
  }
  const condition = request.headers['if-range']?.toString()
  const current = condition === undefined || tags.includes(condition) || condition === modified
  // Of no other method a range means anything: https://www.rfc-editor.org/rfc/rfc9110#section-14.2
  const ranged = current && request.method === 'GET'
  const ranges = ranged ? parseRanges(request.headers.range, size) : 'whole'
  if (ranges === 'unsatisfiable') {
    return answerEmpty(response, 416, { ...headers, 'content-range': `bytes */${size}` })
  }
  if (ranges !== 'whole' && ranges.length > 1) {
    return sendParts(exchange, file, { headers, type, ranges })
  }
  const [range] = ranges === 'whole' ? [] : ranges
  if (range === undefined && text && isPacked(request)) {
    const etag = tag === undefined ? {} : { etag: packedTag(tag) }
    return sendPacked(exchange, file, { ...headers, ...etag, 'content-type': type })
  }
  const { start, end } = range ?? { start: 0, end: size - 1 }
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    'content-type': type,
    'content-length': end - start + 1,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` })
  })
  if (request.method !== 'HEAD') await sendBytes(exchange, file, { start, end })
  response.end()
}

/** Other files that people keep are packed already. */
function isText(type: string): boolean {
  return type.startsWith('text/') || type === 'application/json'
}

interface Parts {
  readonly headers: OutgoingHttpHeaders
  readonly type: string
  readonly ranges: readonly ByteRange[]
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-14.6 */
async function sendParts(
  exchange: Exchange,
  file: NodeResource,
  { headers, type, ranges }: Parts
): Promise<void> {
  const { response } = exchange
  const boundary = randomUUID()
  const heads = ranges.map(
    ({ start, end }) =>
      `\r\n--${boundary}\r\ncontent-type: ${type}\r\n` +
      `content-range: bytes ${start}-${end}/${file.attributes.size}\r\n\r\n`
  )
  const tail = `\r\n--${boundary}--\r\n`
  const bytes = ranges.reduce((total, { start, end }) => total + end - start + 1, 0)
  response.writeHead(206, {
    ...headers,
    'content-type': `multipart/byteranges; boundary=${boundary}`,
    'content-length': Buffer.byteLength(heads.join('') + tail) + bytes
  })
  for (const [index, range] of ranges.entries()) {
    await write(exchange, Buffer.from(heads[index] ?? ''))
    await sendBytes(exchange, file, range)
  }
  response.end(tail)
}
