import type { IncomingMessage, ServerResponse } from 'node:http'
import { takesGzip } from '../base/takes-gzip.ts'
import type { Classification } from '../pull/adapter.ts'
import type { PullAnswer } from '../pull/api.ts'
import { type ByteRange, isNotModified, rangeOf } from './conditions.ts'
import { gunzipped } from './decode-body.ts'
import { sendBody } from './send-body.ts'

const outcomes: Readonly<Record<PullAnswer['from'], string>> = {
  store: 'hit',
  upstream: 'miss',
  flight: 'join',
  stale: 'stale'
}

/**
 * Sends an answer as the request's conditions and range ask for it, with `extra` headers in all
 * cases: 200, 206, 304 or 416. https://www.rfc-editor.org/rfc/rfc9110
 */
export async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  wanted: Pick<Classification, 'vary' | 'encoding'>,
  answer: PullAnswer,
  extra: Readonly<Record<string, string>> = {}
): Promise<void> {
  const { bytes } = answer
  const headers = headersOf(answer)
  Object.assign(headers, extra)
  if (wanted.vary !== undefined) headers.vary = wanted.vary
  const decoded = wanted.encoding !== undefined && !takesGzip(request.headers)
  if (decoded && answer.etag !== undefined) headers.etag = `W/${answer.etag}`
  if (isNotModified(request.headers, answer)) {
    response.writeHead(304, headers).end()
    return
  }
  headers['content-type'] = answer.mediaType
  if (decoded) {
    delete headers['accept-ranges']
    const head = { status: 200, headers } as const
    if (request.method === 'HEAD') response.writeHead(200, headers).end()
    else await sendBody(response, head, gunzipped(answer.body()), undefined)
    return
  }
  if (wanted.encoding !== undefined) headers['content-encoding'] = wanted.encoding
  const parts = bytes !== undefined && answer.whole === undefined
  const range = parts ? rangeOf(request.headers, bytes, answer) : undefined
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes}` }).end()
    return
  }
  const length = lengthOf(bytes, range)
  if (length !== undefined) headers['content-length'] = length
  if (range !== undefined) {
    headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${bytes}`
  }
  const status = range === undefined ? 200 : 206
  if (request.method === 'HEAD') response.writeHead(status, headers).end()
  else await sendBody(response, { status, headers }, answer.body(range), length)
}

function lengthOf(bytes: number | undefined, range: ByteRange | undefined): number | undefined {
  return range === undefined ? bytes : range.end - range.start
}

function headersOf({ lastModified, from, etag }: PullAnswer): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    'last-modified': lastModified,
    'accept-ranges': 'bytes',
    'x-cairn': outcomes[from]
  }
  if (etag !== undefined) headers.etag = etag
  if (from === 'stale') headers.warning = '110 - "Response is Stale"'
  return headers
}
