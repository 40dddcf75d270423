import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CID } from 'multiformats/cid'
import type { Access } from '../base/access.ts'
import { codec } from '../base/blocks.ts'
import { cidFromText } from '../base/cid-text.ts'
import { complete } from '../base/complete.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { type HttpDoor, httpStatus } from '../base/http.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import { openUnixfsReader } from '../unixfs/reader.ts'
import type { GatewayOptions } from './api.ts'
import type { Exchange } from './exchange.ts'
import { type GatewayRequest, isGatewayUrl, parseRequest } from './parse-request.ts'
import { Refusal } from './refusal.ts'
import { servePage } from './serve-page.ts'
import { serveBlock, serveCar, serveRecord } from './serve-verifiable.ts'

/** The gateway as a door of the HTTP port. */
export function openGatewayDoor(options: GatewayOptions): HttpDoor {
  const reader = openUnixfsReader(options.blocks)
  return {
    name: 'gateway',
    accepts: request => isGatewayUrl(request.url ?? ''),
    serve: async (request, response, signal, access) => {
      try {
        await serve({ options, reader, access }, request, response, signal)
      } catch (cause) {
        refuse(request, response, toCairnError(cause))
      }
    }
  }
}

interface Served {
  readonly options: GatewayOptions
  readonly reader: UnixfsReader
  readonly access: Access
}

async function serve(
  { options, reader, access }: Served,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new Refusal(405, 'the gateway is read: GET and HEAD')
  }
  // https://specs.ipfs.tech/http-gateways/path-gateway/#service-worker-request-header
  if (request.headers['service-worker'] === 'script') {
    throw new Refusal(400, 'a path gateway serves no service workers')
  }
  const asked = parseRequest(request.url ?? '', request.headers)
  if (asked.form.kind === 'ipns-record') {
    serveRecord({ asked, names: options.names, request, response })
    return
  }
  const onlyShared = options.serves === 'shared' || access.user !== undefined
  const cached = /\bonly-if-cached\b/i.test(request.headers['cache-control'] ?? '')
  const satisfy = onlyShared || cached ? notHere : options.satisfy
  const root = await complete({ satisfy }, signal, () => rootOf(options, asked))
  if (root === undefined || (onlyShared && !(await mayHave(options, root)))) {
    throw new Refusal(404, `${asked.root.slice(0, 100)} is not here`)
  }
  const { form } = asked
  const exchange: Exchange = {
    ...options,
    satisfy,
    reader,
    request,
    response,
    signal,
    asked,
    root
  }
  if (form.kind === 'raw') await serveBlock(exchange)
  else if (form.kind === 'car') await serveCar(exchange, form.wish)
  else await servePage(exchange)
}

/** A raw CID that is its own bytes tells nothing; one that is a node could link to anything. */
async function mayHave({ shared }: GatewayOptions, root: CID): Promise<boolean> {
  return (root.multihash.code === 0 && root.code === codec.raw) || (await shared.has(root))
}

function rootOf({ names }: GatewayOptions, { namespace, root }: GatewayRequest): CID | undefined {
  if (namespace === 'ipns') return names.resolve(root)
  const cid = cidFromText(root)
  if (cid === undefined) throw new Refusal(400, `${root.slice(0, 100)} is not a CID`)
  return cid
}

/** What is not here must not be fetched for a stranger. */
const notHere: GatewayOptions['satisfy'] = async ({ id }) => {
  throw new CairnError('missing', `${id} is not here`)
}

function refuse(request: IncomingMessage, response: ServerResponse, error: CairnError): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  if (error.code === 'aborted') throw error
  const text = `${error.message}\n`
  response.writeHead(statusOf(request, error), {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(error instanceof Refusal && error.status === 405 ? { allow: 'GET, HEAD' } : {})
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

/** https://specs.ipfs.tech/http-gateways/path-gateway/#only-if-cached-head-behavior */
function statusOf({ headers }: IncomingMessage, error: CairnError): number {
  if (error instanceof Refusal) return error.status
  // https://specs.ipfs.tech/http-gateways/path-gateway/#400-bad-request
  if (error.code === 'unsupported') return 400
  if (error.code !== 'missing') return httpStatus[error.code]
  return /\bonly-if-cached\b/i.test(headers['cache-control'] ?? '') ? 412 : 404
}
