import { CairnError } from '../base/errors.ts'
import { bounds } from './bounds.ts'

/**
 * A body as it comes; one that stops, or all but stops, is ended by `end`, with `timeout`. Only the time in which
 * somebody waits for it counts: a reader that rests is not the peer's fault.
 */
export async function* watched(
  id: string,
  body: AsyncIterable<Uint8Array>,
  end: (why: CairnError) => void
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]()
  const stalled = () => end(new CairnError('timeout', `${id} stopped sending`))
  let leftMs: number = bounds.idleMs
  let since = 0
  try {
    for (;;) {
      const askedMs = performance.now()
      const timer = setTimeout(stalled, leftMs)
      const next = await pieces.next().finally(() => clearTimeout(timer))
      if (next.done === true) return
      leftMs = Math.max(0, leftMs - (performance.now() - askedMs))
      since += next.value.byteLength
      if (since >= bounds.trickleBytes) {
        since = 0
        leftMs = bounds.idleMs
      }
      yield next.value
    }
  } finally {
    await pieces.return?.()
  }
}
