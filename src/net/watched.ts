import { CairnError } from '../base/errors.ts'
import { bounds } from './bounds.ts'

/** A body as it comes; one that stops, or all but stops, is ended by `end`, with `timeout`. */
export async function* watched(
  id: string,
  pieces: AsyncIterable<Uint8Array>,
  end: (why: CairnError) => void
): AsyncGenerator<Uint8Array> {
  const stalled = () => end(new CairnError('timeout', `${id} stopped sending`))
  const timer = setTimeout(stalled, bounds.idleMs)
  let since = 0
  try {
    for await (const piece of pieces) {
      since += piece.byteLength
      if (since >= bounds.trickleBytes) {
        since = 0
        timer.refresh()
      }
      yield piece
    }
  } finally {
    clearTimeout(timer)
  }
}
