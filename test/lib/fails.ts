import type { Test } from 'tap'
import { CairnError, type ErrorCode } from '../../src/base/errors.ts'

/** Expects a `CairnError` of a code, and returns it. */
export function fails(t: Test, code: ErrorCode, work: () => unknown, what?: string): CairnError {
  try {
    work()
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    t.equal(error.code, code, what ?? error.message)
    return error
  }
  throw new Error(`${what ?? 'it'} did not fail`)
}
