import type { IncomingMessage, ServerResponse } from 'node:http'
import { CairnError, toCairnError } from '../base/errors.ts'
import { type HttpDoor, httpStatus } from '../base/http.ts'
import { limits } from '../base/limits.ts'
import { type ControlActions, type ControlError, controlPrefix } from './api.ts'
import { refusePages } from './refuse-pages.ts'

/** One call of the API. `port` calls are answered on the HTTP port too, where no file mode guards. */
interface Route {
  readonly method: 'GET' | 'POST'
  readonly port: boolean
  readonly run: (actions: ControlActions, query: URLSearchParams, signal: AbortSignal) => unknown
}

const routes: Readonly<Record<string, Route>> = {
  status: { method: 'GET', port: true, run: actions => actions.status() },
  log: { method: 'GET', port: false, run: (actions, query) => actions.log(parseLimit(query)) },
  peers: { method: 'GET', port: true, run: actions => actions.peers() },
  transfers: { method: 'GET', port: true, run: actions => actions.transfers() },
  pin: {
    method: 'POST',
    port: false,
    run: (actions, query, signal) =>
      actions.pin(query.get('path') ?? '', query.get('label') ?? '', signal)
  },
  snapshot: { method: 'POST', port: false, run: actions => actions.snapshot() },
  restore: {
    method: 'POST',
    port: false,
    run: (actions, query) => actions.restore(query.get('cid') ?? '', query.get('path') ?? '')
  },
  publish: { method: 'POST', port: false, run: publish },
  refresh: {
    method: 'POST',
    port: false,
    run: (actions, query) => actions.refresh(query.get('name') ?? '')
  },
  resolve: {
    method: 'POST',
    port: false,
    run: (actions, query, signal) => actions.resolve(query.get('name') ?? '', signal)
  },
  trim: { method: 'POST', port: false, run: actions => actions.trim() },
  reload: { method: 'POST', port: false, run: actions => actions.reload() },
  stop: { method: 'POST', port: false, run: actions => stop(actions) }
}

/** The control API as a door. `via`: the socket only its owner can open, or the port anybody here can. */
export function openControlDoor(actions: ControlActions, via: 'socket' | 'port'): HttpDoor {
  return {
    name: 'control',
    accepts: request => request.url?.startsWith(controlPrefix) === true,
    needs: () => 'admin',
    serve: async (request, response, signal) => {
      try {
        sendJson(response, 200, await answer(actions, { via, request, signal }))
      } catch (cause) {
        sendError(response, toCairnError(cause))
      }
    }
  }
}

interface Call {
  readonly via: 'socket' | 'port'
  readonly request: IncomingMessage
  readonly signal: AbortSignal
}

async function answer(actions: ControlActions, { via, request, signal }: Call): Promise<unknown> {
  if (via === 'port') refusePages(request.headers)
  const url = new URL(request.url ?? '', 'http://control')
  const name = url.pathname.slice(controlPrefix.length)
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined
  if (route === undefined) {
    throw new CairnError('not-found', `no such call: ${url.pathname.slice(0, 200)}`)
  }
  if (route.method !== request.method) {
    throw new CairnError('usage', `${name} is called by ${route.method}, not ${request.method}`)
  }
  if (via === 'port' && !route.port) {
    throw new CairnError('denied', `${name} is answered on the unix socket in the home only`)
  }
  await drainBody(request)
  return route.run(actions, url.searchParams, signal)
}

function publish(actions: ControlActions, query: URLSearchParams): Promise<unknown> {
  const lifetimeMs = Number(query.get('lifetimeMs'))
  if (!Number.isSafeInteger(lifetimeMs) || lifetimeMs <= 0) {
    throw new CairnError('usage', 'lifetimeMs: give milliseconds, more than none')
  }
  return actions.publish({
    key: query.get('key') ?? '',
    path: query.get('path') ?? undefined,
    cid: query.get('cid') ?? undefined,
    lifetimeMs,
    settle: query.get('settle') === 'true'
  })
}

function parseLimit(query: URLSearchParams): number {
  const text = query.get('limit') ?? '100'
  const limit = Number(text)
  if (!/^\d{1,6}$/.test(text) || limit < 1) {
    throw new CairnError('usage', `limit ${JSON.stringify(text.slice(0, 40))}: give 1 to 999999`)
  }
  return limit
}

function stop(actions: ControlActions): { stopping: true } {
  actions.stop()
  return { stopping: true }
}

/** No call has a body yet; one is read to its end, within bounds, so that the connection can go on. */
async function drainBody(request: IncomingMessage): Promise<void> {
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Uint8Array).byteLength
    if (bytes > limits.controlBodyBytes) {
      throw new CairnError('file-too-large', `a body over ${limits.controlBodyBytes} bytes`)
    }
  }
}

function sendError(response: ServerResponse, error: CairnError): void {
  const body: ControlError = { error: { code: error.code, message: error.message } }
  sendJson(response, httpStatus[error.code], body)
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  })
  response.end(text)
}
