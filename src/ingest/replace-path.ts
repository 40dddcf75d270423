import { randomUUID } from 'node:crypto'
import { lstatSync, renameSync, rmdirSync, rmSync, type Stats } from 'node:fs'
import { CairnError, toCairnError } from '../base/errors.ts'
import { type BytePath, fromPath, shownPath } from './paths.ts'

/**
 * Has `make` put something new at a path, in steps, and passes on what it yields. What `make` leaves
 * half done is removed. With `overwrite` a file or link that is there is replaced at the end, by a
 * rename, and so never lost to a failure; of folders only an empty one is. Throws `exists`, and
 * `not-empty` for a folder with things in it.
 */
export function* replacePath<Step>(
  path: BytePath,
  overwrite: boolean,
  make: (at: BytePath) => Iterable<Step>
): Generator<Step> {
  const at = clearWay(path, overwrite) ? path : besides(path)
  let isDone = false
  try {
    yield* make(at)
    if (at !== path) renameSync(fromPath(at), fromPath(path))
    isDone = true
  } catch (cause) {
    // Somebody put something there in between: it is theirs.
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') isDone = true
    throw cause
  } finally {
    if (!isDone) rmSync(fromPath(at), { force: true })
  }
}

/** True if nothing is at a path, or is any more: an empty folder is gone. */
export function clearWay(path: BytePath, overwrite: boolean): boolean {
  const there = whatIs(path)
  if (there === undefined) return true
  if (!overwrite) {
    throw new CairnError(
      'exists',
      `${shownPath(path)} is there already: choose another place, or overwrite it (--force)`
    )
  }
  if (!there.isDirectory()) return false
  try {
    rmdirSync(fromPath(path))
    return true
  } catch (cause) {
    const { code } = toCairnError(cause)
    if (code !== 'not-empty') throw cause
    const what = `${shownPath(path)} is a folder with things in it`
    throw new CairnError(code, `${what}, where a file or link is to be: move it away`, { cause })
  }
}

export function whatIs(path: BytePath): Stats | undefined {
  return lstatSync(fromPath(path), { throwIfNoEntry: false })
}

/** A name in the same folder that nothing has. */
function besides(path: BytePath): BytePath {
  return `${path.slice(0, path.lastIndexOf('/'))}/.cairn-${randomUUID()}`
}
