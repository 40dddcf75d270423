import type { IncomingMessage, ServerResponse } from 'node:http'
import { CairnError } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import type { Adapter, Upstream } from '../pull/adapter.ts'
import type { Pull, PullAnswer } from '../pull/api.ts'
import { type ByteRange, isNotModified, rangeOf } from './conditions.ts'
import { sendBody } from './send-body.ts'
import { isAbsolute, mirrorTarget } from './target.ts'

export interface MirrorDoorOptions {
  readonly adapter: Adapter
  /** By name, as configured at the time of the request. */
  readonly upstreams: () => Readonly<Record<string, Upstream>>
  readonly pull: Pull
  /** Also serve whole URLs of the upstreams' hosts, to clients that have us as their proxy. */
  readonly proxy: boolean
}

/**
 * HTTP to the pull-through engine and back, for one adapter: GET and HEAD below `/<adapter>/`.
 * Answers carry `X-Cairn: hit | miss | join | stale`. https://www.rfc-editor.org/rfc/rfc9110
 */
export function openMirrorDoor(options: MirrorDoorOptions): HttpDoor {
  const { adapter, proxy } = options
  const prefix = `/${adapter.name}/`
  return {
    name: adapter.name,
    accepts: ({ url = '' }) => url.startsWith(prefix) || (proxy && isAbsolute(url)),
    serve: async (request, response, signal) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end()
        return
      }
      const answer = await fetchAnswer(options, prefix, request, signal)
      await respond(request, response, answer, signal)
    }
  }
}

async function fetchAnswer(
  { adapter, upstreams, pull }: MirrorDoorOptions,
  prefix: string,
  request: IncomingMessage,
  signal: AbortSignal
): Promise<PullAnswer> {
  const target = mirrorTarget(request.url ?? '', prefix, upstreams())
  const headers = request.headers as Record<string, string | undefined>
  const wanted = target === undefined ? undefined : adapter.classify({ ...target, headers })
  if (wanted === undefined) {
    throw new CairnError('not-found', `${request.url}: no ${adapter.name} upstream of this name`)
  }
  return await pull.fetch(wanted, { signal })
}

const outcomes: Readonly<Record<PullAnswer['from'], string>> = {
  store: 'hit',
  upstream: 'miss',
  flight: 'join',
  stale: 'stale'
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: PullAnswer,
  signal: AbortSignal
): Promise<void> {
  const { bytes } = answer
  const headers = headersOf(answer)
  if (isNotModified(request.headers, answer)) {
    response.writeHead(304, headers).end()
    return
  }
  headers['content-type'] = answer.mediaType
  const range = bytes === undefined ? undefined : rangeOf(request.headers, bytes, answer)
  if (range === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes}` }).end()
    return
  }
  const length = lengthOf(bytes, range)
  if (length !== undefined) headers['content-length'] = length
  if (range !== undefined) {
    headers['content-range'] = `bytes ${range.start}-${range.end - 1}/${bytes}`
  }
  response.writeHead(range === undefined ? 200 : 206, headers)
  if (request.method === 'HEAD') response.end()
  else await sendBody(response, answer.body(range), length, signal)
}

function lengthOf(bytes: number | undefined, range: ByteRange | undefined): number | undefined {
  return range === undefined ? bytes : range.end - range.start
}

function headersOf(answer: PullAnswer): Record<string, string | number> {
  return {
    'last-modified': answer.lastModified,
    'accept-ranges': 'bytes',
    'x-cairn': outcomes[answer.from],
    ...(answer.etag === undefined ? {} : { etag: answer.etag }),
    ...(answer.from === 'stale' ? { warning: '110 - "Response is Stale"' } : {})
  }
}
