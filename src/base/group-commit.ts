import { statfsSync, statSync } from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { toCairnError } from './errors.ts'
import { limits } from './limits.ts'
import {
  firstGroup,
  groupAfter,
  groupOf,
  groups,
  redo,
  redoIfLeft,
  redoPath,
  rollback,
  waitPath
} from './redo.ts'
import { RedoLog } from './redo-log.ts'
import type { WriteLock } from './write-lock.ts'

/** Transactions, bytes of their records, and time, after which a group is committed. */
const groupTransactions = 512
const groupBytes = 4 * 1024 * 1024
const groupMs = 20
/** So long after another thread, or another process, waited for the lock each transaction is committed by itself. */
const aloneMs = { thread: 20, process: 1000 } as const

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
 * that the group's transaction is gone and was not committed. A number is of one state only: where somebody
 * committed since it was set, and in each process anew, a group begins with a random one. Else a power cut that
 * takes the other's commit, but not the log, would have the log run on a state it was not made for.
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
  /** The number that this connection's last commit set, and SQLite's count of the commits of others then. */
  #left: { readonly group: number; readonly others: number } | undefined

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
        try {
          return plain(...values)
        } catch (cause) {
          // Who made it may go on; run again, it would fail again.
          this.#log.spoil()
          throw cause
        }
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
    const group = this.#numberOfThis() ?? this.#number()
    if (group === undefined) {
      rollback(this.#sqlite)
      return
    }
    this.#log.begin(group)
    this.#group = group
    this.#count = 0
    this.#beganMs = nowMs
    this.#open = true
    this.#lock.grouping = true
  }

  /** The database's number, if nobody committed anything since this connection set it. */
  #numberOfThis(): number | undefined {
    const group = groupOf(this.#sqlite)
    const same = group === this.#left?.group && othersOf(this.#sqlite) === this.#left.others
    return same ? group : undefined
  }

  /** One that nobody could have guessed, so no log is of it. */
  #number(): number | undefined {
    const group = firstGroup + Math.floor(Math.random() * (groups - firstGroup))
    this.#left = { group, others: othersOf(this.#sqlite) }
    this.#sqlite.exec(`PRAGMA user_version = ${group}; COMMIT; BEGIN IMMEDIATE`)
    return this.#numberOfThis()
  }

  /** The connection commits something else than a group. */
  interrupt(): void {
    this.#left = undefined
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

  /** What a transaction wrote is not what was recorded of it: a part was undone, or never recorded. */
  spoil(): void {
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
      else {
        this.#sqlite.exec(`PRAGMA user_version = ${groupAfter(this.#group)}; COMMIT`)
        this.#left &&= { group: groupAfter(this.#group), others: this.#left.others }
      }
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

/** Another number after each commit of another connection: https://sqlite.org/pragma.html#pragma_data_version */
function othersOf(sqlite: DatabaseSync): number {
  return Number(sqlite.prepare('PRAGMA data_version').get()?.data_version)
}
