import { CairnError } from './errors.ts'

/** Waits for work that others may share: an abort ends the waiting, not the work. Throws `aborted`. */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined
): Promise<T> {
  if (signal === undefined) return await work
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(new CairnError('aborted', 'the client went away'))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
