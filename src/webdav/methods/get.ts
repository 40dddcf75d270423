import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders } from 'node:http'
import { type ByteRange, parseRanges } from '../../base/byte-ranges.ts'
import { complete } from '../../base/complete.ts'
import { contentTypeOf } from '../../base/content-type.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { fileType } from '../../vfs/api.ts'
import { answerEmpty } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { showListing } from '../listing.ts'
import { refuse } from '../refuse.ts'
import { isCollection, isType, type NodeResource, walk } from '../resource.ts'
import { checkConditions, modifiedMsOf, tagsOf } from '../validators.ts'

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
  const headers = {
    ...(tag === undefined ? {} : { etag: tag }),
    'last-modified': modified,
    'accept-ranges': 'bytes',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff'
  }
  const condition = request.headers['if-range']?.toString()
  const current = condition === undefined || tags.includes(condition) || condition === modified
  const ranges = current ? parseRanges(request.headers.range, size) : 'whole'
  if (ranges === 'unsatisfiable') {
    return answerEmpty(response, 416, { ...headers, 'content-range': `bytes */${size}` })
  }
  const type = contentTypeOf(file.names.at(-1))
  if (ranges !== 'whole' && ranges.length > 1) {
    return sendParts(exchange, file, { headers, type, ranges })
  }
  const [range] = ranges === 'whole' ? [] : ranges
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
  const { request, response } = exchange
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
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  for (const [index, range] of ranges.entries()) {
    await write(exchange, Buffer.from(heads[index] ?? ''))
    await sendBytes(exchange, file, range)
  }
  response.end(tail)
}

/** One piece of memory for all: it is filled again when the client's socket has taken it. */
async function sendBytes(
  exchange: Exchange,
  { tree, attributes: { ino } }: NodeResource,
  { start, end }: ByteRange
): Promise<void> {
  const { dav, signal } = exchange
  const piece = Buffer.allocUnsafeSlow(Math.min(limits.davPieceBytes, end - start + 1))
  for (let position = start; position <= end; ) {
    const wanted = piece.subarray(0, Math.min(piece.byteLength, end - position + 1))
    const count = await complete(dav, signal, () => tree.read(ino, wanted, position))
    if (count === 0) throw new CairnError('io', 'the file became shorter while it was sent')
    await write(exchange, wanted.subarray(0, count))
    position += count
  }
}

/** Resolves when the bytes are no longer needed. Throws `aborted` when the client is gone. */
function write({ response, signal }: Exchange, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (cause?: unknown) =>
      reject(new CairnError('aborted', 'the client is gone', { cause }))
    if (signal.aborted) return gone()
    signal.addEventListener('abort', gone, { once: true })
    response.write(bytes, cause => {
      signal.removeEventListener('abort', gone)
      if (cause) gone(cause)
      else resolve()
    })
  })
}
