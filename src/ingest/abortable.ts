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
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => undefined)
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const iterator = source[Symbol.asyncIterator]()
  let ended = false
  try {
    while (true) {
      const next = await Promise.race([iterator.next(), aborted.promise])
      ended = next.done === true
      if (next.done === true) return
      yield next.value
    }
  } catch (cause) {
    ended = !signal.aborted
    throw cause
  } finally {
    signal.removeEventListener('abort', abort)
    const ending = ended ? undefined : iterator.return?.()
    if (signal.aborted) ending?.catch(() => undefined)
    else await ending
  }
}
