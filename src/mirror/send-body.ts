import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { CairnError } from '../base/errors.ts'
import type { Body } from '../pull/api.ts'

export interface Head {
  readonly status: 200 | 206
  readonly headers: OutgoingHttpHeaders
}

/**
 * Sends a head and a body whose pieces share memory: each is given to the kernel before the next is asked for,
 * which is also the back-pressure. The last piece ends the response in the same write. If the body
 * throws, the response is left unfinished for the caller to destroy: a client must see that it is
 * not whole. The head goes with the first piece, so that a body that fails before can be answered.
 * Throws `aborted` when the client goes.
 */
export async function sendBody(
  response: ServerResponse,
  head: Head,
  body: Body,
  bytes: number | undefined
): Promise<void> {
  let sent = 0
  const send = (piece: Uint8Array): Promise<void> => {
    sendHead(response, head)
    sent += piece.length
    return written(response, piece, sent === bytes)
  }
  // `for await` over what is here would cost a promise or two for each piece.
  if (Symbol.iterator in body) for (const piece of body) await send(piece)
  else for await (const piece of body) await send(piece)
  sendHead(response, head)
  if (!response.writableEnded) response.end()
}

function sendHead(response: ServerResponse, { status, headers }: Head): void {
  if (!response.headersSent) response.writeHead(status, headers)
}

/** Resolves when the kernel has it, and after the last piece when all of the answer is sent. */
function written(response: ServerResponse, piece: Uint8Array, last: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (cause?: unknown): void =>
      reject(new CairnError('aborted', 'the client went away', { cause }))
    if (response.closed) return gone()
    if (last) {
      let sent = false
      // Taking it off again would cost as much as both: it is called once, and then the answer is over.
      response.once('close', () => sent || gone())
      response.end(piece, () => {
        sent = true
        resolve()
      })
      return
    }
    response.once('close', gone)
    response.write(piece, error => {
      response.off('close', gone)
      if (error == null) resolve()
      else gone(error)
    })
  })
}
