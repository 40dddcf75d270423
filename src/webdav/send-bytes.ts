import type { OutgoingHttpHeaders } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import type { ByteRange } from '../base/byte-ranges.ts'
import { complete } from '../base/complete.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Exchange } from './api.ts'
import type { NodeResource } from './resource.ts'
import { streamOut } from './stream-out.ts'

/** One piece of memory for all: it is filled again when the client's socket has taken it. */
export async function sendBytes(
  exchange: Exchange,
  file: NodeResource,
  { start, end }: ByteRange
): Promise<void> {
  await exchange.dav.pieces.lend(end - start + 1, async piece => {
    for (let position = start; position <= end; ) {
      const wanted = piece.subarray(0, Math.min(piece.byteLength, end - position + 1))
      const count = await readPiece(exchange, file, wanted, position)
      await write(exchange, wanted.subarray(0, count))
      position += count
      // What the socket takes at once comes back in this very turn: a client that keeps up would have them all.
      if (position <= end) await setImmediate()
    }
  })
}

/** The whole file by gzip, whose length nobody knows before. Of a HEAD the head alone. */
export async function sendPacked(
  exchange: Exchange,
  file: NodeResource,
  headers: OutgoingHttpHeaders
): Promise<void> {
  const { request, response } = exchange
  const { size } = file.attributes
  if (request.method === 'HEAD') {
    response.writeHead(200, { ...headers, 'content-encoding': 'gzip' }).end()
    return
  }
  const out = streamOut(exchange, 200, headers)
  for (let position = 0; position < size; ) {
    const piece = Buffer.allocUnsafeSlow(Math.min(limits.davPieceLeastBytes, size - position))
    const count = await readPiece(exchange, file, piece, position)
    await out.write(piece.subarray(0, count))
    position += count
  }
  await out.end()
}

async function readPiece(
  { dav, signal }: Exchange,
  { tree, attributes: { ino } }: NodeResource,
  piece: Uint8Array,
  position: number
): Promise<number> {
  const count = await complete(dav, signal, () => tree.read(ino, piece, position))
  if (count === 0) throw new CairnError('io', 'the file became shorter while it was sent')
  return count
}

/** Resolves when the bytes are no longer needed. Throws `aborted` when the client is gone. */
export function write({ response, signal }: Exchange, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (cause?: unknown) =>
      reject(new CairnError('aborted', 'the client is gone', { cause }))
    if (signal.aborted) return gone()
    signal.addEventListener('abort', gone, { once: true })
    response.write(bytes, cause => {
      signal.removeEventListener('abort', gone)
      if (cause) gone(cause)
      else resolve()
    })
  })
}
