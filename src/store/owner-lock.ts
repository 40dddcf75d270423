import { unlinkSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { toCairnError } from '../base/errors.ts'

/** Ownership of something on disk; it ends with `release`, with the thread, or with the process, however it died. */
export interface OwnerLock {
  /** `remove`: what was owned needs no lock any more. */
  release: (options?: { readonly remove?: boolean }) => void
}

/**
 * Takes the lock file, made if need be, or returns undefined if another thread or process has it.
 *
 * Node has no flock; SQLite has one built in, which the kernel frees with the process, which tells
 * threads of one process apart, and which does not mistake one container's process for another's as
 * a number in a file would. The lock file stays empty.
 */
export function takeOwnerLock(path: string): OwnerLock | undefined {
  let sqlite: DatabaseSync | undefined
  try {
    sqlite = new DatabaseSync(path, { timeout: 0 })
    sqlite.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    sqlite?.close()
    const error = toCairnError(cause, `cannot lock ${path}`)
    if (error.code === 'busy') return undefined
    throw error
  }
  return {
    release({ remove = false } = {}) {
      if (remove) unlinkSync(path)
      sqlite.close()
    }
  }
}
