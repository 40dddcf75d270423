import { CairnError, type Want } from './errors.ts'

/** Gets what an operation lacked. Throws `missing` if it is not to be had. */
export interface Satisfies {
  readonly satisfy: (want: Want, signal: AbortSignal) => Promise<void>
}

/** One step may lack one thing after the other, as deep as a DAG is: more is no progress. */
const attempts = 256

/**
 * Runs a step that may lack something, gets that, and runs it again: the step must be one that can
 * be repeated. Throws `missing` if the same thing is lacking twice.
 */
export async function complete<T>(
  { satisfy }: Satisfies,
  signal: AbortSignal,
  step: () => T
): Promise<T> {
  let last: string | undefined
  for (let attempt = 1; ; attempt++) {
    try {
      return step()
    } catch (error) {
      const want = error instanceof CairnError ? error.want : undefined
      if (want === undefined || want.id === last || attempt === attempts) throw error
      last = want.id
      await satisfy(want, signal)
    }
  }
}
