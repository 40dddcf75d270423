import { type Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { type Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { CairnError } from '../base/errors.ts'
import type { FetchUpstream } from './api.ts'

export interface Agents {
  readonly 'http:': HttpAgent
  readonly 'https:': HttpsAgent
}

/** How long a connection is waited for, in milliseconds. */
export interface ConnectionPatience {
  /** Until there is one, the name looked up. */
  readonly connectMs: number
  /** For the head of an answer over one that was kept: it may have died without a word. */
  readonly keptMs: number
}

type Options = Parameters<FetchUpstream>[1]

/**
 * One request, no redirects followed. What only reads and gets nothing over a kept connection is asked
 * again over a new one: a machine that slept, or moved, hears nothing of the connections it lost.
 * Throws `timeout` if none can be made, the signal's reason, and what node:http does.
 */
export async function askOrigin(
  url: URL,
  agents: Agents,
  options: Options,
  patience: ConnectionPatience
): Promise<IncomingMessage> {
  for (;;) {
    const answer = await askOnce(url, agents, options, patience)
    if (answer !== 'died') return answer
    // It was hardly the only one, and each would cost as long.
    for (const kept of Object.values(agentOf(url, agents).freeSockets).flat()) kept?.destroy()
  }
}

function agentOf(url: URL, agents: Agents): HttpAgent {
  return url.protocol === 'https:' ? agents['https:'] : agents['http:']
}

function askOnce(
  url: URL,
  agents: Agents,
  { headers, signal, method = 'GET', body }: Options,
  { connectMs, keptMs }: ConnectionPatience
): Promise<IncomingMessage | 'died'> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage | 'died'>()
  const begin = url.protocol === 'https:' ? requestHttps : requestHttp
  const request = begin(url, { method, headers, agent: agentOf(url, agents) })
  const mayRepeat = body === undefined && (method === 'GET' || method === 'HEAD')
  const stop = (): void => void request.destroy(reasonOf(signal))
  let timer: NodeJS.Timeout | undefined
  request.once('socket', socket => {
    if (request.reusedSocket && mayRepeat) {
      timer = setTimeout(() => {
        resolve('died')
        request.destroy()
      }, keptMs)
    } else if (socket.connecting) {
      const late = new CairnError('timeout', `no connection to ${url.host} in ${connectMs} ms`)
      timer = setTimeout(() => request.destroy(late), connectMs)
      socket.once('connect', () => clearTimeout(timer))
    }
  })
  signal.addEventListener('abort', stop, { once: true })
  request.once('response', response => {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    resolve(response)
  })
  request.once('close', () => clearTimeout(timer))
  request.once('error', cause => {
    if (request.reusedSocket && mayRepeat && hungUp(cause)) resolve('died')
    else reject(cause)
  })
  if (signal.aborted) stop()
  request.end(body)
  return promise
}

/** As an upstream does that ends what it kept just as it is asked. */
function hungUp(cause: Error & { code?: string }): boolean {
  return cause.code === 'ECONNRESET' || cause.code === 'EPIPE'
}

export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new CairnError('aborted', 'given up')
}
