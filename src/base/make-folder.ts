import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CairnError, toCairnError } from './errors.ts'

/**
 * Makes a folder and those above it, as `mkdir -p`, so that their names survive a power cut; one that
 * is there stays as it is. Throws `not-directory` and so on, naming the folder. Not by mkdir's `recursive`: where a parent is there
 * and takes no folder but says ENOENT, as /proc does, that one never returns.
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (tryToMake(path, mode)) return
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent, mode)
  if (!tryToMake(path, mode)) throw new CairnError('not-found', `cannot make the folder ${path}`)
}

/** False if there is nothing to make it in. */
function tryToMake(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode })
    synchronize(dirname(path))
    return true
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    if (isFolder(path)) return true
    if (code === 'EEXIST') throw new CairnError('not-directory', `${path} is not a folder`)
    if (code === 'ENOTDIR') {
      throw new CairnError('not-directory', `${dirname(path)} is not a folder`)
    }
    throw toCairnError(cause, `cannot make the folder ${path}`)
  }
}

/** A folder that may be entered but not read cannot be synchronised: then the name comes with the next sync of others. */
function synchronize(folder: string): void {
  let file: number | undefined
  try {
    file = openSync(folder, 'r')
    fsyncSync(file)
  } catch {
    return
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}
