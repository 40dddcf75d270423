import { Duplex } from 'node:stream'
import type { Stream } from '@libp2p/interface'

/** What HTTP calls on a socket, and a stream of libp2p need not have: its times are kept below and above. */
class StreamSocket extends Duplex {
  /** Who is at the other end, for who counts by that. */
  remoteAddress: string | undefined

  setTimeout(): this {
    return this
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/**
 * A libp2p stream as a Node stream, so that HTTP can be spoken on it. Both sides are held to each
 * other's pace. What the other side sent before it closed is all read before the end; `remoteCloseWrite`
 * and `close` come while bytes still wait in a stream that is paused, `end` after the last of them.
 */
export function toDuplex(stream: Stream, remotePeer?: string): Duplex {
  const duplex = new StreamSocket({
    read: () => {
      if (stream.readStatus === 'paused') stream.resume()
    },
    write: (chunk: Uint8Array, _encoding, done) => {
      // Whoever writes uses the memory again, and the stream may still hold it.
      const taken = sendOn(stream, Uint8Array.from(chunk))
      taken.then(() => done(), done)
    },
    final: done => {
      stream.close().then(() => done(), done)
    },
    destroy: (error, done) => {
      if (stream.status === 'open' || stream.status === 'closing') {
        stream.abort(error ?? new Error('not needed any more'))
      }
      done(error)
    }
  })
  duplex.remoteAddress = remotePeer
  stream.addEventListener('message', ({ data }) => {
    const bytes = data instanceof Uint8Array ? data : data.subarray()
    if (!duplex.push(bytes) && stream.readStatus === 'readable') stream.pause()
  })
  stream.addEventListener('end', () => {
    const isWhole = stream.status !== 'aborted' && stream.status !== 'reset'
    if (isWhole) duplex.push(null)
  })
  stream.addEventListener('close', ({ error }) => {
    if (error !== undefined) duplex.destroy(error)
  })
  return duplex
}

async function sendOn(stream: Stream, bytes: Uint8Array): Promise<void> {
  if (!stream.send(bytes)) await stream.onDrain()
}
