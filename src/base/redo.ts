import { closeSync, copyFileSync, existsSync, openSync, truncateSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { CairnError, toCairnError } from './errors.ts'
import { limits } from './limits.ts'
import { readRedo } from './redo-log.ts'
import type { WriteLock } from './write-lock.ts'

/** Numbers from here on; SQLite's own are 0 and what earlier versions set is 1. */
export const firstGroup = 2
export const groups = 2 ** 31

/** The log of `GroupCommit`, beside the database at `path`. */
export function redoPath(path: string): string {
  return `${path}-redo`
}

/** Those who commit in groups do not for a second. */
function askForRoom(path: string): void {
  closeSync(openSync(waitPath(path), 'w', 0o600))
}

/** Its time of change says when another process last wanted to write. */
export function waitPath(path: string): string {
  return `${path}-wait`
}

/**
 * Begins a transaction that writes, of a connection that shares no lock with those who commit in groups: it is
 * of another process. They leave it room; and what a process left behind that is gone, since when nobody
 * knows, is done again in this transaction, first of all.
 */
export function beginAmongProcesses(sqlite: DatabaseSync, path: string): void {
  const grouped = existsSync(redoPath(path))
  if (grouped) askForRoom(path)
  sqlite.exec('BEGIN IMMEDIATE')
  if (!grouped) return
  try {
    redoInside(sqlite, path)
  } catch (cause) {
    rollback(sqlite)
    throw cause
  }
}

/** With the lock of all writers: a group that its thread left behind is done again. Throws what a commit does. */
export function redoIfLeft(sqlite: DatabaseSync, path: string, lock: WriteLock | undefined): void {
  if (lock?.grouping !== true) return
  redo(sqlite, path)
  lock.grouping = false
}

/** As `redoIfLeft`, where nobody may know of it: the process that left it is gone. */
export function redoAtOpen(sqlite: DatabaseSync, path: string, lock: WriteLock | undefined): void {
  lock?.acquire()
  try {
    redo(sqlite, path, () => askForRoom(path))
    if (lock !== undefined) lock.grouping = false
  } finally {
    lock?.release()
  }
}

/**
 * Does a group again that was not committed, if there is one. Outside of a transaction; throws what a commit does.
 * `ask`: called before it waits for a group that may be another process's, and under way.
 */
export function redo(sqlite: DatabaseSync, path: string, ask?: () => void): void {
  if (readRedo(redoPath(path), groupOf(sqlite)).length === 0) return
  ask?.()
  sqlite.exec('BEGIN IMMEDIATE')
  try {
    redoInside(sqlite, path)
    sqlite.exec('COMMIT')
  } catch (cause) {
    rollback(sqlite)
    throw cannotRedo(cause, path)
  }
}

function cannotRedo(cause: unknown, path: string): CairnError {
  const error = toCairnError(cause, `cannot do again what ${redoPath(path)} says`)
  if (passes(error)) return error
  const advice = 'stop the daemon and run `cairn fsck --set-redo-aside` to go on without it'
  return new CairnError('corrupt', `${error.message}: ${advice}`, { cause })
}

/** With room, or time, the log can be done again. */
function passes(error: CairnError): boolean {
  return error.code === 'no-space' || error.code === 'busy'
}

/**
 * Goes on without the log of the database at `path`, if it cannot be run again: what programs were told in the
 * last moments before a crash is lost. Gives the file that has a copy of the log; undefined where nothing was to
 * be done, or it could be. Throws `no-space` and `busy` as a commit does, and `io`.
 */
export function setRedoAside(path: string): string | undefined {
  if (!existsSync(path)) return undefined
  const sqlite = new DatabaseSync(path, { timeout: limits.databaseBusyMs })
  try {
    redo(sqlite, path, () => askForRoom(path))
    return undefined
  } catch (cause) {
    if (!(cause instanceof CairnError) || passes(cause)) throw toCairnError(cause)
    return copyAside(redoPath(path))
  } finally {
    sqlite.close()
  }
}

/** The file stays: somebody may have it open. */
function copyAside(log: string): string {
  const aside = `${log}.aside`
  copyFileSync(log, aside)
  truncateSync(log)
  return aside
}

function redoInside(sqlite: DatabaseSync, path: string): void {
  const group = groupOf(sqlite)
  const known = new Map<string, StatementSync>()
  for (const { sql, values } of readRedo(redoPath(path), group)) {
    const statement = known.get(sql) ?? sqlite.prepare(sql)
    known.set(sql, statement)
    statement.run(...values)
  }
  if (known.size > 0) sqlite.exec(`PRAGMA user_version = ${groupAfter(group)}`)
}

/** The database's `user_version`. */
export function groupOf(sqlite: DatabaseSync): number {
  return Number(sqlite.prepare('PRAGMA user_version').get()?.user_version)
}

/** The number that a group's commit sets. */
export function groupAfter(group: number): number {
  return group + 1 < groups ? group + 1 : firstGroup
}

export function rollback(sqlite: DatabaseSync): void {
  if (sqlite.isTransaction) sqlite.exec('ROLLBACK')
}
