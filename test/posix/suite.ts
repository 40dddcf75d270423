import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { errorCases } from './errors.ts'
import { resultCases } from './results.ts'

/** Paths below the folder of a case. */
export type At = (path: string) => string

/** One call, on a folder that `prepare` filled; `expected` is its errno, or `ok`. */
export interface ErrorCase {
  readonly call: string
  readonly expected: string
  readonly run: (at: At) => Promise<unknown>
}

/** What a sequence of calls leaves behind, as POSIX has it. */
export interface ResultCase {
  readonly call: string
  readonly expected: unknown
  readonly run: (at: At) => Promise<unknown>
}

/**
 * What POSIX says of each call (https://pubs.opengroup.org/onlinepubs/9799919799/), where it leaves
 * a choice what Linux does. Run as root, over any file system, only with asynchronous calls: the
 * mount may be served by this process.
 */
export async function posixSuite(
  t: Test,
  { folder, prepare }: { folder: string; prepare: (at: At) => Promise<void> }
): Promise<void> {
  const at: At = path => (path === '' ? folder : join(folder, path))
  await prepare(at)
  for (const { call, expected, run } of errorCases) {
    t.equal(await codeOf(() => run(at)), expected, call)
  }
  for (const { call, expected, run } of resultCases) {
    t.strictSame(await run(at), expected, call)
  }
}

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
    return 'ok'
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code ?? String(cause)
  }
}

/** Opens, runs, and closes whatever happens. */
export async function withFile<T>(
  path: string,
  flags: string | number,
  run: (file: FileHandle) => Promise<T>
): Promise<T> {
  const file = await open(path, flags, 0o644)
  try {
    return await run(file)
  } finally {
    await file.close()
  }
}
