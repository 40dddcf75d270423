import { CairnError } from '../base/errors.ts'
import { bounds } from './bounds.ts'

/** So many bytes in so many milliseconds of waiting, or it is too slow. */
export interface Pace {
  readonly bytes: number
  readonly ms: number
}

/**
 * A body as it comes; one that stops, or is slower than any of the paces, is ended by `end`, with `timeout`. Only the
 * time in which somebody waits for it counts: a reader that rests is not the peer's fault.
 */
export async function* watched(
  id: string,
  body: AsyncIterable<Uint8Array>,
  end: (why: CairnError) => void,
  paces: readonly Pace[] = bounds.paces
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]()
  const tooSlow = () => end(new CairnError('timeout', `${id} stopped sending, or all but stopped`))
  const windows = paces.map(pace => ({ pace, leftMs: pace.ms, bytes: 0 }))
  try {
    for (;;) {
      const askedMs = performance.now()
      const timer = setTimeout(tooSlow, Math.min(...windows.map(({ leftMs }) => leftMs)))
      const next = await pieces.next().finally(() => clearTimeout(timer))
      if (next.done === true) return
      const waitedMs = performance.now() - askedMs
      for (const window of windows) {
        window.leftMs = Math.max(0, window.leftMs - waitedMs)
        window.bytes += next.value.byteLength
        if (window.bytes < window.pace.bytes) continue
        window.bytes = 0
        window.leftMs = window.pace.ms
      }
      yield next.value
    }
  } finally {
    await pieces.return?.()
  }
}
