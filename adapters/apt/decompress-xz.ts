import { Worker } from 'node:worker_threads'
import { CairnError } from '../../src/base/errors.ts'
import { threadUrl } from '../../src/base/thread.ts'

/** What the thread says: it needs compressed bytes, here are plain ones, the end, or why it failed. */
export type FromXzThread =
  | { readonly kind: 'need' }
  | { readonly kind: 'plain'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly message: string }

/** The answer to `need` (undefined: there are no more), and that a plain piece was used. */
export type ToXzThread =
  | { readonly kind: 'packed'; readonly bytes: Uint8Array | undefined }
  | { readonly kind: 'used' }

/**
 * xz in a thread of its own: an index of 10 MB takes a second of computing, which no door of this
 * thread should wait for. At most one piece is under way in each direction. Throws `corrupt`.
 */
export async function* decompressXz(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const worker = new Worker(threadUrl('./xz-thread', import.meta.url))
  const pieces = source[Symbol.asyncIterator]()
  const say = (message: ToXzThread): void => worker.postMessage(message)
  try {
    for await (const message of messagesOf(worker)) {
      if (message.kind === 'end') return
      if (message.kind === 'failed') {
        throw new CairnError('corrupt', `cannot be decompressed: ${message.message}`)
      }
      if (message.kind === 'need') {
        const { done, value } = await pieces.next()
        say({ kind: 'packed', bytes: done === true ? undefined : value })
        continue
      }
      yield message.bytes
      say({ kind: 'used' })
    }
  } finally {
    await worker.terminate()
    await pieces.return?.()
  }
}

async function* messagesOf(worker: Worker): AsyncGenerator<FromXzThread> {
  const inbox: FromXzThread[] = []
  let arrived = Promise.withResolvers<void>()
  const take = (message: FromXzThread): void => {
    inbox.push(message)
    arrived.resolve()
  }
  worker.on('message', take)
  worker.on('error', error => take({ kind: 'failed', message: error.message }))
  for (;;) {
    await arrived.promise
    arrived = Promise.withResolvers<void>()
    for (let message = inbox.shift(); message !== undefined; message = inbox.shift()) yield message
  }
}
