import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Database, DatabaseOptions } from './database.ts'
import { CairnError, toCairnError } from './errors.ts'
import { GroupCommit } from './group-commit.ts'
import { limits } from './limits.ts'
import { beginAmongProcesses, redoAtOpen, redoIfLeft } from './redo.ts'
import type { WriteLock } from './write-lock.ts'

/** "Cair": what file(1) may tell a database of ours by. */
const applicationId = 0x43_61_69_72

/** A connection of a thread to the one database; `Database` says what it promises. */
export class Connection implements Database {
  readonly path: string
  readonly #sqlite: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #lock: WriteLock | undefined
  readonly #group: GroupCommit | undefined
  readonly #blocks: boolean
  #transaction: 'none' | 'read' | 'write' = 'none'
  #savepoints = 0
  #syncAfter = false
  /** Why SQLite undid the transaction that `work` believes to be in: what followed would be committed by itself. */
  #lost: CairnError | undefined
  #callbacks: Array<(committed: boolean) => void> = []
  #commits = 0
  /** The commits of others as SQLite counts them, looked up once a turn of the event loop. */
  #others: number | undefined

  constructor(path: string, sqlite: DatabaseSync, options: DatabaseOptions) {
    this.path = path
    this.#lock = options.writeLock
    this.#sqlite = sqlite
    this.#blocks = options.blocks === true
    const { grouped, writeLock } = options
    if (grouped && writeLock) this.#group = new GroupCommit(sqlite, path, writeLock)
    enterWal(sqlite)
    const pages = (options.checkpoints ?? 'automatic') === 'background' ? 0 : 1000
    sqlite.exec(
      `PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=OFF; PRAGMA busy_timeout=${
        limits.databaseBusyMs
      }; PRAGMA wal_autocheckpoint=${pages}; PRAGMA cache_size=-${limits.databaseCacheBytes / 1024}`
    )
    redoAtOpen(sqlite, path, this.#lock)
  }

  get transaction(): 'none' | 'read' | 'write' {
    return this.#transaction
  }

  statement(sql: string): StatementSync {
    if (this.#lost !== undefined) throw this.#lost
    if (this.#transaction !== 'none' && !this.#sqlite.isTransaction) throw gaveUp()
    if (this.#lock?.grouping && this.#transaction === 'none') this.#seeAll(this.#lock)
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    if (this.#statements.size >= limits.databaseStatements) this.#forgetOldest()
    const statement = this.#sqlite.prepare(sql)
    this.#group?.record(sql, statement)
    this.#statements.set(sql, statement)
    return statement
  }

  /** Waits until another connection has committed what it answered. */
  #seeAll(lock: WriteLock): void {
    if (this.unsettled) return
    lock.acquire()
    try {
      redoIfLeft(this.#sqlite, this.path, lock)
    } finally {
      lock.release()
    }
  }

  /** Whoever still holds a forgotten statement may go on with it. */
  #forgetOldest(): void {
    const [oldest] = this.#statements.keys()
    if (oldest !== undefined) this.#statements.delete(oldest)
  }

  read<T>(work: () => T): T {
    if (this.#transaction !== 'none') return work()
    return this.unsettled ? this.#readInGroup(work) : this.#transact('BEGIN', 'read', work)
  }

  write<T>(work: () => T, options: { readonly durable?: boolean } = {}): T {
    const durable = options.durable === true
    if (this.#transaction === 'read') {
      throw new CairnError('io', 'a write inside a read transaction')
    }
    if (this.#transaction === 'write') return this.#join(work, durable)
    if (!durable && this.#group?.enter()) return this.#writeInGroup(this.#group, work)
    this.settle()
    this.#group?.interrupt()
    this.#lock?.acquire()
    try {
      redoIfLeft(this.#sqlite, this.path, this.#lock)
      if (durable) this.#sqlite.exec('PRAGMA synchronous=FULL')
      return this.#transact('BEGIN IMMEDIATE', 'write', durable ? () => this.#touching(work) : work)
    } finally {
      if (durable) this.#sqlite.exec('PRAGMA synchronous=NORMAL')
      this.#lock?.release()
      this.#syncIfPromised(durable)
    }
  }

  /** A part asked to be durable inside a transaction that was not begun so; SQLite cannot switch inside one. */
  #syncIfPromised(already: boolean): void {
    const promised = this.#syncAfter
    this.#syncAfter = false
    if (promised && !already) this.sync()
  }

  #transact<T>(begin: string, kind: 'read' | 'write', work: () => T): T {
    try {
      if (kind === 'read' || this.#lock !== undefined) this.statement(begin).run()
      else beginAmongProcesses(this.#sqlite, this.path)
    } catch (cause) {
      throw toCairnError(cause, 'the database did not begin a transaction')
    }
    this.#transaction = kind
    let committed = false
    try {
      const result = work()
      this.statement('COMMIT').run()
      if (kind === 'write') this.#commits++
      committed = true
      return result
    } catch (cause) {
      this.#rollback()
      throw toCairnError(cause)
    } finally {
      this.#transaction = 'none'
      this.#settle(0, committed)
    }
  }

  /** Nobody else writes while a group is open: what there is is one snapshot. */
  #readInGroup<T>(work: () => T): T {
    this.#transaction = 'read'
    try {
      return work()
    } finally {
      this.#transaction = 'none'
    }
  }

  #writeInGroup<T>(group: GroupCommit, work: () => T): T {
    this.#transaction = 'write'
    let done = false
    try {
      const result = work()
      group.leave()
      this.#commits++
      done = true
      return result
    } catch (cause) {
      group.undo()
      this.#syncAfter = false
      throw toCairnError(cause)
    } finally {
      this.#transaction = 'none'
      this.#lost = undefined
      this.#settle(0, done)
      this.#syncIfPromised(false)
    }
  }

  /** This transaction writes what is not said by statements of `statement`: it is committed by itself. */
  writeUnrecorded(): void {
    this.#group?.spoil()
  }

  get unsettled(): boolean {
    return this.#group?.open === true
  }

  get due(): boolean {
    return this.#group?.due === true
  }

  settle(): void {
    if (this.#transaction === 'none') this.#group?.settle()
  }

  #join<T>(work: () => T, durable: boolean): T {
    const name = `part${this.#savepoints}`
    const first = this.#callbacks.length
    this.statement(`SAVEPOINT ${name}`).run()
    this.#savepoints++
    try {
      const result = work()
      this.#syncAfter ||= durable
      this.statement(`RELEASE ${name}`).run()
      return result
    } catch (cause) {
      if (this.#sqlite.isTransaction) this.#sqlite.exec(`ROLLBACK TO ${name}; RELEASE ${name}`)
      else this.#lost = toCairnError(cause)
      this.#group?.spoil()
      this.#settle(first, false)
      throw toCairnError(cause)
    } finally {
      this.#savepoints--
    }
  }

  /** SQLite rolls back by itself after a full disk: then there is nothing left to do here. */
  #rollback(): void {
    this.#syncAfter = false
    this.#lost = undefined
    if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK')
  }

  afterTransaction(callback: (committed: boolean) => void): void {
    if (this.#transaction === 'write') this.#callbacks.push(callback)
    else callback(true)
  }

  #settle(first: number, committed: boolean): void {
    for (const callback of this.#callbacks.splice(first)) callback(committed)
  }

  /**
   * A commit with FULL syncs the log and with it every commit before, but not if it has nothing to
   * write: rewriting a field of the header is the least that it can have.
   */
  #touching<T>(work: () => T): T {
    const result = work()
    this.#sqlite.exec(`PRAGMA application_id = ${applicationId}`)
    return result
  }

  sync(): void {
    if (this.#transaction !== 'none') throw new CairnError('io', 'a sync inside a transaction')
    this.write(() => undefined, { durable: true })
  }

  /** SQLite counts the commits of others: https://sqlite.org/pragma.html#pragma_data_version */
  version(): number | undefined {
    if (this.#transaction !== 'none') return undefined
    const others = this.#others ?? Number(this.statement('PRAGMA data_version').get()?.data_version)
    if (this.#others === undefined && !this.#blocks) {
      this.#others = others
      setImmediate(() => {
        this.#others = undefined
      })
    }
    return others + this.#commits
  }

  checkpoint(): { frames: number; folded: number } {
    try {
      const row = this.#sqlite.prepare('PRAGMA wal_checkpoint(PASSIVE)').get()
      return { frames: Number(row?.log), folded: Number(row?.checkpointed) }
    } catch (cause) {
      throw toCairnError(cause, `cannot fold the write-ahead log into ${this.path}`)
    }
  }

  close(): void {
    this.#group?.close()
    this.#statements.clear()
    this.#sqlite.close()
  }
}

/** What would follow would be committed by itself, statement by statement. */
function gaveUp(): CairnError {
  return new CairnError(
    'io',
    'the database undid the transaction, as it does when its disk is full or fails: make room and try again'
  )
}

/**
 * Turns the log on unless it is: only the first opener has to, and SQLite answers the others that
 * open in the same moment with "locked" at once, without its busy wait.
 * https://sqlite.org/wal.html#sometimes_queries_return_sqlite_busy_in_wal_mode
 */
function enterWal(sqlite: DatabaseSync): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let waitedMs = 0; ; waitedMs += 5) {
    try {
      sqlite.exec('PRAGMA journal_mode=WAL')
      return
    } catch (cause) {
      if (toCairnError(cause).code !== 'busy' || waitedMs >= limits.databaseBusyMs) throw cause
      Atomics.wait(pause, 0, 0, 5)
    }
  }
}
