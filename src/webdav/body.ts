import type { IncomingMessage } from 'node:http'
import { CairnError } from '../base/errors.ts'

/**
 * A request's body. Leaving the loop early does not cut the connection: an answer can still be sent.
 * Throws `aborted` if the client went away before the end.
 */
export async function* bodyOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  } catch (cause) {
    if (!request.destroyed) throw cause
    throw new CairnError('aborted', 'the client went away before its request ended', { cause })
  }
}

/** True if there is a body, where none belongs; of a long one nothing more is read. */
export async function hasBody(request: IncomingMessage): Promise<boolean> {
  for await (const chunk of bodyOf(request)) if (chunk.byteLength > 0) return true
  return false
}
