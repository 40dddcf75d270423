import { closeSync, openSync, readSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { HomePaths } from '../base/home.ts'
import { makeFolder } from '../base/make-folder.ts'

/** Keep it: it is freed by `release`, by losing the last reference to it, and by the kernel when the process ends, however it ends. */
export interface HomeLock {
  release: () => void
}

/** Where SQLite keeps `user_version`, four bytes big-endian: https://sqlite.org/fileformat.html#the_database_header */
const versionOffset = 60

/**
 * Makes the home (0700) if need be and takes its lock. Throws `busy`, naming the process that holds it.
 *
 * The lock is SQLite's own on a database of no tables: an OS lock that a kill -9 frees, without a
 * native module. The pid is its `user_version`, so that others read it though it is locked. It has no
 * journal file: a full disk has no room for one.
 */
export function lockHome(paths: HomePaths): HomeLock {
  makeFolder(paths.home, 0o700)
  let file: DatabaseSync | undefined
  try {
    file = new DatabaseSync(paths.lock)
    file.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
    file.exec(`PRAGMA user_version=${process.pid}; COMMIT`)
  } catch (cause) {
    file?.close()
    throw explain(cause, paths)
  }
  const held = file
  return { release: () => held.close() }
}

/** The pid of the daemon that holds, or last held, the lock. Not for the process that holds it: closing the file would free it. */
export function lockHolder(paths: HomePaths): number | undefined {
  let file: number
  try {
    file = openSync(paths.lock, 'r')
  } catch {
    return undefined
  }
  try {
    const bytes = Buffer.alloc(4)
    return readSync(file, bytes, 0, 4, versionOffset) === 4 ? bytes.readUInt32BE() : undefined
  } finally {
    closeSync(file)
  }
}

function explain(cause: unknown, paths: HomePaths): CairnError {
  const error = toCairnError(cause, `cannot lock the home ${paths.home}`)
  if (error.code !== 'busy') return error
  const pid = lockHolder(paths)
  return new CairnError(
    'busy',
    `a daemon (process ${pid ?? 'unknown'}) already runs on ${paths.home}: ` +
      'stop it with `cairn stop`, or choose another --home',
    { cause }
  )
}
