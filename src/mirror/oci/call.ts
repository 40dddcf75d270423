import type { IncomingMessage, ServerResponse } from 'node:http'
import { CairnError } from '../../base/errors.ts'
import type { Adapter, Upstream } from '../../pull/adapter.ts'
import type { Body, Catalog, FetchUpstream, Log, Pull } from '../../pull/api.ts'
import type { BufferPool } from '../../pull/buffers.ts'
import type { Pointers, Repositories, Uploads } from '../../pull/registry/api.ts'
import type { UnixfsReader } from '../../unixfs/api.ts'

export interface OciDoorOptions {
  readonly adapter: Adapter
  /** By name, as configured at the time of the request. */
  readonly upstreams: () => Readonly<Record<string, Upstream>>
  /** The upstream that un-prefixed names which were not pushed here are looked up at, if any. */
  readonly otherwise: () => string | undefined
  readonly pull: Pull
  readonly catalog: Catalog
  readonly reader: UnixfsReader
  readonly pointers: Pointers
  readonly repositories: Repositories
  readonly uploads: Uploads
  /** With what each upstream wants to be asked by. */
  readonly fetchUpstream: FetchUpstream
  /** Told of what a client cannot be blamed for. */
  readonly log: Log
}

/** One request and all it takes to answer it. */
export interface Call {
  readonly options: OciDoorOptions
  readonly buffers: BufferPool
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly signal: AbortSignal
  readonly query: URLSearchParams
  /** The repository's name as the client wrote it. */
  readonly asked: string
}

/** A request's body; who stops reading it may still answer. */
export function bodyOf({ request }: Pick<Call, 'request'>): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false })
}

/** Sends a status and headers, no body. */
export function sendEmpty(
  { response }: Pick<Call, 'response'>,
  status: number,
  headers: Readonly<Record<string, string>>
): void {
  response.writeHead(status, status === 204 ? headers : { ...headers, 'content-length': '0' }).end()
}

export function sendJson(
  { request, response }: Pick<Call, 'request' | 'response'>,
  value: unknown,
  headers: Readonly<Record<string, string>> = {}
): void {
  const body = `${JSON.stringify(value)}\n`
  response.writeHead(200, {
    'content-type': 'application/json',
    ...headers,
    'content-length': Buffer.byteLength(body)
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** A whole body in memory. Throws `file-too-large`. */
export async function gather(body: Body | undefined, mostBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    bytes += piece.length
    if (bytes > mostBytes) throw new CairnError('file-too-large', `more than ${mostBytes} bytes`)
    pieces.push(Buffer.from(piece))
  }
  return Buffer.concat(pieces)
}
