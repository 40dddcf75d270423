import { CairnError } from '../base/errors.ts'
import { expectsContinue } from '../base/http.ts'
import type { Exchange } from './api.ts'

export type Exchanged = Pick<Exchange, 'request' | 'response'>

/**
 * A request's body; a client that waits for leave to send it gets that now. Leaving the loop early does not cut the connection: an answer can still be sent.
 * Throws `aborted` if the client went away before the end.
 */
export async function* bodyOf({ request, response }: Exchanged): AsyncGenerator<Uint8Array> {
  if (expectsContinue(request)) response.writeContinue()
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  } catch (cause) {
    if (!request.destroyed) throw cause
    throw new CairnError('aborted', 'the client went away before its request ended', { cause })
  }
}

/** True if there is a body, where none belongs; of a long one nothing more is read. */
export async function hasBody(exchange: Exchanged): Promise<boolean> {
  for await (const chunk of bodyOf(exchange)) if (chunk.byteLength > 0) return true
  return false
}
