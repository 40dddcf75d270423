import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { CID } from 'multiformats/cid'
import { CairnError } from '../base/errors.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import type { GatewayOptions } from './api.ts'
import type { GatewayRequest } from './parse-request.ts'

/** One request, with what is needed to answer it. */
export interface Exchange extends GatewayOptions {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly signal: AbortSignal
  readonly asked: GatewayRequest
  readonly reader: UnixfsReader
  /** What the root stands for now. */
  readonly root: CID
}

/** What a CID names never changes: https://specs.ipfs.tech/http-gateways/path-gateway/#cache-control-response-header */
const forever = 'public, max-age=29030400, immutable'
/** A name may move at any time, and this machine hears of it at once. */
const nameMaxAgeMs = 60_000

/** Of a name without a record nobody knows how long it holds: nothing is said. */
export function cacheControl({ asked, names }: Pick<Exchange, 'asked' | 'names'>): {
  'cache-control'?: string
} {
  if (asked.namespace === 'ipfs') return { 'cache-control': forever }
  const record = names.record(asked.root)
  return record === undefined ? {} : { 'cache-control': publicFor(record.ttlMs, nameMaxAgeMs) }
}

export function publicFor(ttlMs: number, mostMs: number): string {
  return `public, max-age=${Math.max(0, Math.floor(Math.min(ttlMs, mostMs) / 1000))}`
}

/** Headers of every answer: https://specs.ipfs.tech/http-gateways/path-gateway/#response-headers */
export function commonHeaders(exchange: Exchange, cids: readonly CID[]): OutgoingHttpHeaders {
  return {
    'x-ipfs-path': encodeURI(decodeURI(exchange.asked.pathText)),
    'x-ipfs-roots': cids.join(','),
    'x-content-type-options': 'nosniff',
    vary: 'accept',
    ...locationOf(exchange)
  }
}

/** What was negotiated by a header has a URL of its own, for caches. */
export function locationOf({ asked }: Pick<Exchange, 'asked'>): { 'content-location'?: string } {
  return asked.formUrl === undefined ? {} : { 'content-location': asked.formUrl }
}

/** Answers 304 if the client has this version. https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
export function answerUnchanged(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  headers: OutgoingHttpHeaders & { readonly etag: string }
): boolean {
  const condition = request.headers['if-none-match']
  if (condition === undefined) return false
  const bare = (tag: string) => tag.trim().replace(/^W\//, '')
  const known = condition.split(',').map(bare)
  if (!known.includes('*') && !known.includes(bare(headers.etag))) return false
  response.writeHead(304, headers).end()
  return true
}

/** https://www.rfc-editor.org/rfc/rfc6266; names that are not ASCII in the form of RFC 8187. */
export function disposition(kind: 'inline' | 'attachment', filename: string): string {
  const plain = filename.replace(/[^\x20-\x7e]|["\\%]/g, '_').slice(0, 200)
  const encoded = encodeURIComponent(filename.toWellFormed().slice(0, 200)).replace(
    /['()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  )
  return `${kind}; filename="${plain}"; filename*=UTF-8''${encoded}`
}

/** As `write`, no faster than the gateway is to send. */
export async function send(exchange: Exchange, bytes: Uint8Array): Promise<void> {
  await exchange.pace(bytes.byteLength, exchange.signal)
  await write(exchange, bytes)
}

/** Resolves when the bytes are no longer needed, which is also the back-pressure. Throws `aborted`. */
export function write(
  { response, signal }: Pick<Exchange, 'response' | 'signal'>,
  bytes: Uint8Array | string
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const gone = (cause?: unknown) =>
    reject(new CairnError('aborted', 'the client is gone', { cause }))
  if (signal.aborted) gone()
  signal.addEventListener('abort', gone, { once: true })
  response.write(bytes, cause => {
    signal.removeEventListener('abort', gone)
    if (cause) gone(cause)
    else resolve()
  })
  return promise
}
