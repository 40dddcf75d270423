import { closeSync, existsSync, openSync, statfsSync, statSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { toCairnError } from './errors.ts'
import { limits } from './limits.ts'
import { RedoLog, readRedo } from './redo-log.ts'
import type { WriteLock } from './write-lock.ts'

/** Transactions, bytes of their records, and time, after which a group is committed. */
const groupTransactions = 512
const groupBytes = 4 * 1024 * 1024
const groupMs = 20
/** So long after another thread, or another process, waited for the lock each transaction is committed by itself. */
const aloneMs = { thread: 20, process: 1000 } as const
/** Numbers from here on; SQLite's own are 0 and what earlier versions set is 1. */
const firstGroup = 2
const groups = 2 ** 31

/**
 * Transactions of one connection that SQLite commits together: a commit costs more than all else that a
 * small transaction does (some thirty system calls, and each page it touched once more in the log).
 *
 * The first one begins a transaction of SQLite that stays open, with the lock of all writers. What each wrote is
 * in the redo log before its caller hears that it is done. The group is committed when it is large or
 * old, when another connection of the process wants to write or to read (`WriteLock.grouping`, which each looks at first),
 * and before the connection's thread waits for something. So others never see a state without
 * what was answered, and whoever finds the log of a group that was not committed runs it again, first of all
 * (`redo`): the process ended then, or SQLite undid the group, as it does on a disk that is full.
 *
 * What tells is the database's `user_version`. A group begins with the number found and commits with the next;
 * while it is open it holds SQLite's lock. So who has that lock and finds the log's number in the database knows
 * that the group's transaction is gone and was not committed.
 */
export class GroupCommit {
  readonly #sqlite: DatabaseSync
  readonly #path: string
  readonly #lock: WriteLock
  readonly #log: RedoLog
  #open = false
  #group = 0
  #count = 0
  #beganMs = 0
  #aloneUntilMs = 0

  constructor(sqlite: DatabaseSync, path: string, lock: WriteLock) {
    this.#sqlite = sqlite
    this.#path = path
    this.#lock = lock
    this.#log = new RedoLog(redoPath(path))
  }

  get open(): boolean {
    return this.#open
  }

  /** It is time to commit, or somebody waits for that. */
  get due(): boolean {
    if (!this.#open) return false
    return (
      this.#lock.contended ||
      this.#count >= groupTransactions ||
      this.#log.bytes >= groupBytes ||
      performance.now() - this.#beganMs >= groupMs
    )
  }

  /** What a statement writes is recorded from now on. */
  record(sql: string, statement: StatementSync): void {
    if (!/\b(INSERT|UPDATE|DELETE|REPLACE)\b/i.test(sql)) return
    for (const call of ['run', 'get', 'all', 'iterate'] as const) {
      const plain = statement[call].bind(statement) as (...values: unknown[]) => never
      statement[call] = (...values: unknown[]) => {
        this.#log.note(sql, values)
        return plain(...values)
      }
    }
  }

  /** Before a transaction: false if it has to be one of SQLite's own. Throws as that does. */
  enter(): boolean {
    if (this.#open) return true
    const nowMs = performance.now()
    if (nowMs < this.#aloneUntilMs || this.#isAwaited(nowMs) || !this.#hasRoom()) return false
    this.#lock.acquire()
    try {
      redoIfLeft(this.#sqlite, this.#path, this.#lock)
      this.#sqlite.exec('BEGIN IMMEDIATE')
      this.#begin(nowMs)
    } catch (cause) {
      rollback(this.#sqlite)
      this.#lock.release()
      throw toCairnError(cause)
    }
    if (!this.#open) this.#lock.release()
    return this.#open
  }

  /** By another process: SQLite does not tell, and would let it look in vain for as long as groups follow each other. */
  #isAwaited(nowMs: number): boolean {
    const mark = statSync(waitPath(this.#path), { throwIfNoEntry: false })
    if (mark === undefined || Date.now() - mark.mtimeMs >= aloneMs.process) return false
    this.#aloneUntilMs = nowMs + aloneMs.thread
    return true
  }

  /** A full disk would say so at the commit, when it is too late for an error. */
  #hasRoom(): boolean {
    const { bavail, bsize } = statfsSync(this.#path)
    return bavail * bsize >= limits.reservedBytes
  }

  #begin(nowMs: number): void {
    const group = groupOf(this.#sqlite)
    if (group < firstGroup) {
      // No log can be of a number that nobody could have guessed.
      const number = firstGroup + Math.floor(Math.random() * (groups - firstGroup))
      this.#sqlite.exec(`PRAGMA user_version = ${number}; COMMIT`)
      return
    }
    this.#log.begin(group)
    this.#group = group
    this.#count = 0
    this.#beganMs = nowMs
    this.#open = true
    this.#lock.grouping = true
  }

  /** A transaction is done; after it, it stands. Throws `no-space` and the like: then it was undone. */
  leave(): void {
    if (!this.#log.noted) return
    if (!this.#log.whole) {
      this.#count++
      this.#commit()
      return
    }
    try {
      this.#log.append()
    } catch (cause) {
      this.undo()
      throw toCairnError(cause, 'cannot record what was written')
    }
    this.#count++
    if (this.due) this.settle()
  }

  /** A transaction failed: nothing of it remains, and all that stood before. */
  undo(): void {
    const changed = this.#log.noted || !this.#sqlite.isTransaction
    if (this.#open && changed) this.#again()
  }

  /** A part of a transaction was undone by SQLite. */
  undonePart(): void {
    this.#log.spoil()
  }

  /** Commits the group. If that fails it is done again by whoever needs the database next. */
  settle(): void {
    if (!this.#open) return
    try {
      this.#commit()
    } catch {
      // What was answered stands in the log.
    }
  }

  /** Throws if what was not recorded could not be committed; what was recorded is then, or is still in the log. */
  #commit(): void {
    if (this.#lock.contended) this.#aloneUntilMs = performance.now() + aloneMs.thread
    try {
      if (this.#count === 0) this.#sqlite.exec('ROLLBACK')
      else this.#sqlite.exec(`PRAGMA user_version = ${after(this.#group)}; COMMIT`)
      this.#leave(false)
    } catch (cause) {
      this.#again()
      throw toCairnError(cause)
    }
  }

  /** The group anew, from its log. */
  #again(): void {
    let left = true
    try {
      rollback(this.#sqlite)
      redo(this.#sqlite, this.#path)
      left = false
    } catch {
      // Left to whoever looks at the database next.
    } finally {
      this.#leave(left)
    }
  }

  #leave(left: boolean): void {
    this.#log.drop()
    this.#open = false
    this.#lock.grouping = left
    this.#lock.release()
  }

  close(): void {
    this.settle()
    this.#log.close()
  }
}

export function redoPath(path: string): string {
  return `${path}-redo`
}

/** Its time of change says when another process last wanted to write. */
function waitPath(path: string): string {
  return `${path}-wait`
}

/**
 * Begins a transaction that writes, of a connection that shares no lock with those who commit in groups: it is
 * of another process. They leave it room; and what a process left behind that is gone, since when nobody
 * knows, is done again in this transaction, first of all.
 */
export function beginAmongProcesses(sqlite: DatabaseSync, path: string): void {
  const grouped = existsSync(redoPath(path))
  if (grouped) closeSync(openSync(waitPath(path), 'w', 0o600))
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
  if (lock?.grouping === true) redoLeft(sqlite, path, lock)
}

/** As `redoIfLeft`, where nobody may know of it: the process that left it is gone. */
export function redoAtOpen(sqlite: DatabaseSync, path: string, lock: WriteLock | undefined): void {
  lock?.acquire()
  try {
    redoLeft(sqlite, path, lock)
  } finally {
    lock?.release()
  }
}

function redoLeft(sqlite: DatabaseSync, path: string, lock: WriteLock | undefined): void {
  redo(sqlite, path)
  if (lock !== undefined) lock.grouping = false
}

/** Does a group again that was not committed, if there is one. Outside of a transaction; throws what a commit does. */
function redo(sqlite: DatabaseSync, path: string): void {
  if (readRedo(redoPath(path), groupOf(sqlite)).length === 0) return
  sqlite.exec('BEGIN IMMEDIATE')
  try {
    redoInside(sqlite, path)
    sqlite.exec('COMMIT')
  } catch (cause) {
    rollback(sqlite)
    throw toCairnError(cause, `cannot do again what ${redoPath(path)} says`)
  }
}

function redoInside(sqlite: DatabaseSync, path: string): void {
  const group = groupOf(sqlite)
  const known = new Map<string, StatementSync>()
  for (const { sql, values } of readRedo(redoPath(path), group)) {
    const statement = known.get(sql) ?? sqlite.prepare(sql)
    known.set(sql, statement)
    statement.run(...values)
  }
  if (known.size > 0) sqlite.exec(`PRAGMA user_version = ${after(group)}`)
}

function groupOf(sqlite: DatabaseSync): number {
  return Number(sqlite.prepare('PRAGMA user_version').get()?.user_version)
}

function after(group: number): number {
  return group + 1 < groups ? group + 1 : firstGroup
}

function rollback(sqlite: DatabaseSync): void {
  if (sqlite.isTransaction) sqlite.exec('ROLLBACK')
}
