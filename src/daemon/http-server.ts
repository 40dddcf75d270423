import { getEventListeners } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { CairnError, toCairnError } from '../base/errors.ts'
import { holding } from '../base/holding.ts'
import { expectsContinue, type HttpDoor, httpStatus } from '../base/http.ts'
import { limits } from '../base/limits.ts'
import { type ConnectionLimits, Connections } from './connections.ts'
import { type Guard, isRejection, localGuard, ownerGuard, type Rejection } from './guard.ts'
import { type ListenAddress, showAddress } from './listen-address.ts'
import type { Log } from './logger.ts'
import { takeOwnTarget } from './own-target.ts'
import type { Certificate } from './self-signed.ts'

export interface HttpServerOptions {
  /** Asked in this order; the first that accepts serves. */
  readonly doors: readonly HttpDoor[]
  readonly log: Log
  readonly connections?: ConnectionLimits
  /** By default that of a port only this machine reaches. */
  readonly guard?: Guard
  /** Speaks TLS with it. */
  readonly tls?: Certificate
}

const connectionLimits: ConnectionLimits = {
  connections: limits.httpConnections,
  waiting: limits.httpWaiting,
  together: limits.httpTogether,
  stallMs: limits.httpStallMs
}

export interface HttpServer {
  /** Where it listens; with port 0, the port it got. */
  readonly address: ListenAddress
  /** Answers so far, by door and status: `mirror 200`. */
  readonly answers: ReadonlyMap<string, number>
  /** Connections from now on are shown this certificate. */
  secure: (certificate: Certificate) => void
  /** Takes no more, lets answers under way end until `signal` aborts, then cuts them. */
  close: (signal: AbortSignal) => Promise<void>
}

/** Opens the one HTTP port. Throws `busy` if it is taken, `denied` if it may not be had. */
export async function openHttpServer(
  listen: ListenAddress,
  options: HttpServerOptions
): Promise<HttpServer> {
  const { server, answers, connections } = makeServer(options)
  try {
    await listening(server, () => server.listen(listen.port, listen.host))
  } catch (cause) {
    throw explain(cause, showAddress(listen))
  }
  const { port } = server.address() as AddressInfo
  return {
    address: { host: listen.host, port },
    answers,
    secure: ({ certificate: cert, key }) => {
      if (server instanceof TlsServer) server.setSecureContext({ ...tlsVersions, cert, key })
    },
    close: signal => closeServer(server, connections, signal)
  }
}

/** The same on streams that others opened. */
export function serveStreams(options: HttpServerOptions): {
  take: (stream: Duplex) => void
  close: () => void
} {
  const { server } = makeServer(options)
  return {
    take: stream => void server.emit('connection', stream),
    close: () => server.closeAllConnections()
  }
}

/** The same on a unix socket, which only this user may open. */
export async function openHttpSocket(
  path: string,
  options: HttpServerOptions
): Promise<Pick<HttpServer, 'close'>> {
  const { server, connections } = makeServer({ ...options, guard: ownerGuard })
  try {
    await listening(server, () => {
      const mask = process.umask(0o177)
      server.listen(path)
      process.umask(mask)
    })
  } catch (cause) {
    throw toCairnError(cause, `cannot open the control socket ${path}`)
  }
  return { close: signal => closeServer(server, connections, signal) }
}

interface Made {
  readonly server: AnyServer
  readonly connections: Connections
  readonly answers: Map<string, number>
}

type AnyServer = Server | TlsServer

function makeServer(options: HttpServerOptions): Made {
  const answers = new Map<string, number>()
  const server = bareServer(options.tls)
  const connections = new Connections(server, options.connections ?? connectionLimits)
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    void inTurn(connections, request, response, () => answer(request, response, options, answers))
  }
  server.on('request', onRequest)
  server.on('checkContinue', onRequest)
  server.on('connect', (_request, socket) => {
    socket.on('error', () => {})
    socket.end('HTTP/1.1 501 Not Implemented\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  return { server, answers, connections }
}

const tlsVersions = { minVersion: 'TLSv1.2' } as const

function bareServer(tls: Certificate | undefined): AnyServer {
  const times = {
    headersTimeout: limits.httpHeadMs,
    connectionsCheckingInterval: limits.httpHeadMs / 4,
    requestTimeout: 0,
    keepAliveTimeout: limits.httpIdleMs
  }
  if (tls === undefined) return createServer(times)
  const { certificate: cert, key } = tls
  return createTlsServer({
    ...times,
    ...tlsVersions,
    cert,
    key,
    handshakeTimeout: limits.httpHeadMs
  })
}

async function inTurn(
  connections: Connections,
  request: IncomingMessage,
  response: ServerResponse,
  work: () => Promise<void>
): Promise<void> {
  const exchange = { request, response }
  if (!(await connections.enter(exchange))) return
  try {
    await work()
  } finally {
    connections.leave(exchange)
  }
}

/** Made once: each abort without a reason makes an exception with its stack, a tenth of a short answer's cost. */
const clientGone = new CairnError('aborted', 'the client went away')

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { doors, log, guard = localGuard }: HttpServerOptions,
  answers: Map<string, number>
): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => {
    const { signal } = gone
    const complete = response.writableFinished && getEventListeners(signal, 'abort').length === 0
    if (!complete) gone.abort(clientGone)
  })
  takeOwnTarget(request)
  const door = doors.find(each => each.accepts(request))
  try {
    refuseAmbiguous(request)
    const access = await guard(request, door?.needs?.(request) ?? 'read')
    if (isRejection(access)) reject(request, response, access)
    else if (door === undefined) {
      throw new CairnError('not-found', 'nothing is served at this path')
    } else {
      if (door.continues !== true && expectsContinue(request)) response.writeContinue()
      const work = async () => await door.serve(request, response, gone.signal, access)
      await (writes(request) ? holding(work) : work())
    }
  } catch (cause) {
    const error = toCairnError(cause)
    if (error.code !== 'aborted' && door !== undefined) logFailure(log, door, request, error)
    answerError(response, error)
  }
  const label = `${door?.name ?? 'none'} ${response.statusCode}`
  answers.set(label, (answers.get(label) ?? 0) + 1)
}

/** What such a request stores has its name when it is answered. */
function writes({ method }: IncomingMessage): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/** What a program before this one could read otherwise: https://www.rfc-editor.org/rfc/rfc9112#section-3.2 */
function refuseAmbiguous(request: IncomingMessage): void {
  if (countHosts(request.rawHeaders) > 1) {
    throw new CairnError('invalid', 'the request has more than one Host: send one')
  }
  if (request.httpVersionMajor !== 1) {
    throw new CairnError('invalid', `HTTP/${request.httpVersion} is not spoken here: use HTTP/1.1`)
  }
}

/** `headersDistinct` would make another object of all headers. */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts
}

/** A stranger who asks wrongly writes no lines into the log of an operator. */
function logFailure(log: Log, door: HttpDoor, request: IncomingMessage, error: CairnError): void {
  const facts = { door: door.name, path: request.url?.slice(0, 200), code: error.code }
  if (httpStatus[error.code] < 500) {
    log.debug({ ...facts, why: error.message }, 'a request was refused')
  } else {
    log.warn({ ...facts, err: error }, 'a request failed')
  }
}

/** Of a body that was refused nothing is read: the connection ends with the answer. */
function reject(
  request: IncomingMessage,
  response: ServerResponse,
  { status, message, headers }: Rejection
): void {
  const text = `${message}\n`
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers
  const body = coding !== undefined || length !== '0'
  response.writeHead(status, {
    ...headers,
    ...(body ? { connection: 'close' } : {}),
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store'
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

function answerError(response: ServerResponse, error: CairnError): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const text = `${error.message}\n`
  response.writeHead(httpStatus[error.code], {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store'
  })
  response.end(text)
}

function listening(server: AnyServer, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    listen()
  })
}

function closeServer(
  server: AnyServer,
  connections: Connections,
  signal: AbortSignal
): Promise<void> {
  return new Promise(resolve => {
    const cut = () => server.closeAllConnections()
    signal.addEventListener('abort', cut)
    server.close(() => {
      signal.removeEventListener('abort', cut)
      resolve()
    })
    connections.end()
    if (signal.aborted) cut()
  })
}

function explain(cause: unknown, address: string): CairnError {
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return new CairnError(
      'busy',
      `another program listens on ${address}: stop it, or choose another --listen`,
      { cause }
    )
  }
  return toCairnError(cause, `cannot listen on ${address}`)
}
