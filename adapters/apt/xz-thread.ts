import { ReadableStream } from 'node:stream/web'
import { parentPort } from 'node:worker_threads'
import xz from 'xz-decompress'
import type { FromXzThread, ToXzThread } from './decompress-xz.ts'

/** Plain bytes are handed over in pieces of this: a message costs more than a copy. */
const pieceBytes = 512 * 1024

if (parentPort !== null) void run(parentPort)

async function run(port: NonNullable<typeof parentPort>): Promise<void> {
  const say = (message: FromXzThread): void => port.postMessage(message)
  let packed = Promise.withResolvers<Uint8Array | undefined>()
  let used = Promise.withResolvers<void>()
  port.on('message', (message: ToXzThread) => {
    if (message.kind === 'packed') packed.resolve(message.bytes)
    else used.resolve()
  })
  const input = async (): Promise<Uint8Array | undefined> => {
    packed = Promise.withResolvers()
    say({ kind: 'need' })
    return await packed.promise
  }
  try {
    for await (const bytes of gather(new xz.XzReadableStream(streamOf(input)))) {
      used = Promise.withResolvers()
      say({ kind: 'plain', bytes })
      await used.promise
    }
    say({ kind: 'end' })
  } catch (cause) {
    say({ kind: 'failed', message: cause instanceof Error ? cause.message : String(cause) })
  }
}

function streamOf(next: () => Promise<Uint8Array | undefined>): globalThis.ReadableStream {
  return new ReadableStream({
    pull: async controller => {
      const bytes = await next()
      if (bytes === undefined) controller.close()
      else controller.enqueue(bytes)
    }
  }) as globalThis.ReadableStream
}

async function* gather(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(pieceBytes)
  let filled = 0
  for await (const bytes of pieces) {
    for (let taken = 0; taken < bytes.length; ) {
      const length = Math.min(bytes.length - taken, pieceBytes - filled)
      piece.set(bytes.subarray(taken, taken + length), filled)
      taken += length
      filled += length
      if (filled < pieceBytes) continue
      yield piece
      filled = 0
    }
  }
  if (filled > 0) yield piece.subarray(0, filled)
}
