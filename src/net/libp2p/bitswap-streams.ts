import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { encodeVarint } from '../../base/car.ts'
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
  const until = AbortSignal.any([signal, AbortSignal.timeout(bounds.messageMs)])
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

/** What came of messages that are not whole yet. A stream that goes over a bound is ended. */
export class BegunMessages {
  #together = 0
  readonly #ofConnection = new WeakMap<Connection, number>()

  /** Counts what comes; gives what takes so many bytes off again, or all that are left. */
  watch(stream: Stream, connection: Connection): (bytes?: number) => void {
    let held = 0
    const add = (bytes: number): number => {
      const own = (this.#ofConnection.get(connection) ?? 0) + bytes
      this.#ofConnection.set(connection, own)
      this.#together += bytes
      held += bytes
      return own
    }
    stream.addEventListener('message', ({ data }) => {
      const own = add(data.byteLength)
      if (own <= bounds.bitswapBegunBytes && this.#together <= bounds.bitswapBegunTogether) return
      stream.abort(new Error('too many messages are begun'))
    })
    return (bytes = held) => void add(-Math.min(bytes, held))
  }
}

/** Reads messages until the other side ends. Throws `invalid` for one that is damaged or too long; the stream is ended then. */
export async function* readMessages(
  stream: Stream,
  connection: Connection,
  begun: BegunMessages
): AsyncGenerator<BitswapMessage> {
  const messages = lpStream(stream, {
    maxDataLength: messageBytes,
    maxBufferSize: messageBytes * 2
  })
  const done = begun.watch(stream, connection)
  try {
    for (;;) {
      const signal = AbortSignal.timeout(bounds.streamIdleMs)
      const bytes = await messages.read({ signal })
      done(encodeVarint(bytes.byteLength).byteLength + bytes.byteLength)
      yield decodeMessage(bytes.subarray())
    }
  } finally {
    if (stream.status === 'open') stream.abort(new Error('no more is read'))
    done()
  }
}
