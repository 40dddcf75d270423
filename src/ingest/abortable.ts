import { throwIfAborted } from './breathe.ts'

/**
 * The items of a source until the signal is aborted; then it throws at once, even if the source
 * never gives another item, and tells the source to end.
 */
export async function* abortable<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal
): AsyncGenerator<T> {
  throwIfAborted(signal)
  const iterator = source[Symbol.asyncIterator]()
  // Not Promise.race: racing with one promise for long piles up reactions on it.
  let reject: (reason: unknown) => void = () => undefined
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  let running = true
  try {
    while (running) {
      const { promise, resolve, reject: rejectNext } = Promise.withResolvers<IteratorResult<T>>()
      reject = rejectNext
      iterator.next().then(resolve, cause => {
        running = false
        rejectNext(cause)
      })
      const next = await promise
      if (next.done === true) running = false
      else yield next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    const ending = running ? iterator.return?.() : undefined
    // A source that stalls cannot end before it goes on: nobody waits for that.
    if (signal.aborted) ending?.catch(() => undefined)
    else await ending
  }
}
