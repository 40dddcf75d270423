import type { IncomingMessage, ServerResponse } from 'node:http'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { FetchUpstream } from '../pull/api.ts'

/** Credentials and cookies of a client are its own: they go no further. */
const requestHeaders = ['accept', 'accept-encoding', 'content-type', 'content-encoding'] as const
const answerHeaders = ['content-type', 'content-encoding', 'cache-control', 'retry-after'] as const

/**
 * Puts a request to the upstream and sends back what it says, its errors too. Throws `busy` (503)
 * when the upstream cannot be reached, `file-too-large` when either body is too long.
 */
export async function passOn(
  fetchUpstream: FetchUpstream,
  url: string,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal
): Promise<void> {
  const method = request.method ?? 'GET'
  const body = method === 'GET' ? undefined : await bodyOf(request)
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(limits.upstreamHeadMs)])
  const headers = pick(name => request.headers[name], requestHeaders)
  if (body !== undefined) headers['content-length'] = String(body.length)
  const options = { method, headers, signal: deadline, ...(body === undefined ? {} : { body }) }
  const answer = await fetchUpstream(url, options).catch((cause: unknown) => {
    if (signal.aborted) throw toCairnError(signal.reason)
    const text = toCairnError(cause).message
    throw new CairnError('busy', `the upstream cannot be reached now: ${text}`, { cause })
  })
  const whole = await gather(answer.body, limits.passedAnswerBytes)
  const sent = pick(name => answer.headers.get(name) ?? undefined, answerHeaders)
  response.writeHead(answer.status, { ...sent, 'content-length': whole.length, 'x-cairn': 'pass' })
  response.end(whole)
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return await gather(request, limits.passedRequestBytes)
}

async function gather(
  body: AsyncIterable<Uint8Array> | undefined,
  mostBytes: number
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let total = 0
  if (body === undefined) return Buffer.alloc(0)
  for await (const piece of body) {
    total += piece.length
    if (total > mostBytes) throw new CairnError('file-too-large', `more than ${mostBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function pick(
  value: (name: string) => string | string[] | undefined,
  names: readonly string[]
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap(name => {
      const found = value(name)
      return typeof found === 'string' ? [[name, found] as const] : []
    })
  )
}
