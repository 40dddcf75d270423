import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { CairnError } from '../base/errors.ts'

export interface Head {
  readonly status: 200 | 206
  readonly headers: OutgoingHttpHeaders
}

/**
 * Sends a head and a body whose pieces share memory: each is given to the kernel before the next is asked for,
 * which is also the back-pressure. The last piece ends the response in the same write. If the body
 * throws, the response is left unfinished for the caller to destroy: a client must see that it is
 * not whole. The head goes with the first piece, so that a body that fails before can be answered.
 */
export async function sendBody(
  response: ServerResponse,
  { status, headers }: Head,
  body: AsyncIterable<Uint8Array>,
  bytes: number | undefined,
  signal: AbortSignal
): Promise<void> {
  let sent = 0
  for await (const piece of body) {
    if (!response.headersSent) response.writeHead(status, headers)
    sent += piece.length
    await written(response, piece, sent === bytes, signal)
  }
  if (!response.headersSent) response.writeHead(status, headers)
  if (!response.writableEnded) response.end()
}

function written(
  response: ServerResponse,
  piece: Uint8Array,
  last: boolean,
  signal: AbortSignal
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = (): void => reject(new CairnError('aborted', 'the client went away'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const done = (error?: Error | null): void => {
    signal.removeEventListener('abort', stop)
    if (error == null) resolve()
    else reject(new CairnError('aborted', 'the client went away', { cause: error }))
  }
  if (last) response.end(piece, done)
  else response.write(piece, done)
  return promise
}
