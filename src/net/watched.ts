import { CairnError } from '../base/errors.ts'
import { bounds } from './bounds.ts'

/**
 * A body as it comes; one that stops, or all but stops, is ended by `end`, with `timeout`. Only the time in
 * which somebody waits for it counts: a reader that rests is not the peer's fault.
 */
export async function* watched(
  id: string,
  pieces: AsyncIterable<Uint8Array>,
  end: (why: CairnError) => void
): AsyncGenerator<Uint8Array> {
  const stalled = () => end(new CairnError('timeout', `${id} stopped sending`))
  const iterator = pieces[Symbol.asyncIterator]()
  let leftMs: number = bounds.idleMs
  let since = 0
  let isOver = false
  try {
    for (;;) {
      const askedMs = performance.now()
      const timer = setTimeout(stalled, leftMs)
      const next = await iterator.next().finally(() => clearTimeout(timer))
      if (next.done === true) {
        isOver = true
        return
      }
      leftMs = Math.max(0, leftMs - (performance.now() - askedMs))
      since += next.value.byteLength
      if (since >= bounds.trickleBytes) {
        since = 0
        leftMs = bounds.idleMs
      }
      yield next.value
    }
  } finally {
    if (!isOver) await iterator.return?.()
  }
}
