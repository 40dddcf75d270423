import type { Libp2p, PeerId, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { limits } from '../../base/limits.ts'
import { bounds } from '../bounds.ts'
import {
  type BitswapMessage,
  decodeMessage,
  encodeMessage,
  type MessageToSend
} from './bitswap-message.ts'

/** https://specs.ipfs.tech/bitswap-protocol/#bitswap-1-2-0 */
export const bitswapProtocol = '/ipfs/bitswap/1.2.0'

/** A message has one block of the largest size at the most, and what is said beside it. */
const messageBytes = limits.blockBytes + 2 * 1024 * 1024

/** Sends one message on a stream of its own. Throws what kept it from it. */
export async function sendMessage(
  node: Libp2p,
  peer: PeerId,
  message: MessageToSend,
  signal: AbortSignal
): Promise<void> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(bounds.idleMs)])
  const [connection] = node.getConnections(peer)
  const stream =
    connection === undefined
      ? await node.dialProtocol(peer, bitswapProtocol, { signal: until })
      : await connection.newStream(bitswapProtocol, { signal: until })
  try {
    await lpStream(stream).write(encodeMessage(message), { signal: until })
    await stream.close({ signal: until })
  } catch (cause) {
    stream.abort(cause as Error)
    throw cause
  }
}

/** Reads messages until the other side ends. Throws `invalid` for one that is damaged or too long; the stream is ended then. */
export async function* readMessages(stream: Stream): AsyncGenerator<BitswapMessage> {
  const messages = lpStream(stream, {
    maxDataLength: messageBytes,
    maxBufferSize: messageBytes * 2
  })
  try {
    for (;;) {
      const signal = AbortSignal.timeout(bounds.streamIdleMs)
      const bytes = await messages.read({ signal })
      yield decodeMessage(bytes.subarray())
    }
  } finally {
    if (stream.status === 'open') stream.abort(new Error('no more is read'))
  }
}
