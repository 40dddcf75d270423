import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { CairnError, toCairnError } from './errors.ts'
import { limits } from './limits.ts'
import { type Migration, migrate } from './migrations.ts'
import type { WriteLock } from './write-lock.ts'

export type { Migration } from './migrations.ts'

/**
 * The one database of a home: SQLite in WAL mode, `synchronous=NORMAL`. Every thread and process
 * opens its own connection. Readers never wait; writers queue, first on the process's shared-memory
 * lock, then on SQLite's own. A transaction never waits for anything but a disk.
 *
 * A crash of the process loses nothing committed. A power cut may lose the last commits but never
 * the order of them nor the database; `sync` makes all that was committed survive one too.
 */
export interface Database {
  readonly path: string
  /** What this connection is inside of. */
  readonly transaction: 'none' | 'read' | 'write'
  /**
   * A statement, prepared once a connection. Integers are JS numbers; blobs are Uint8Array. It is
   * shared by all who pass the same text: do not leave an `iterate` of it half done.
   */
  statement: (sql: string) => StatementSync
  /** Runs `work` on one snapshot. Inside `write` or another `read` it joins that transaction. */
  read: <T>(work: () => T) => T
  /**
   * Runs `work` as one transaction: all of it or, if it throws, nothing. Inside another `write` it is
   * a part of that one (a savepoint): it is undone alone if it throws, and with the whole if that fails.
   * `durable`: what is committed survives a power cut, as after `sync`. Throws `io` inside a `read`.
   */
  write: <T>(work: () => T, options?: { readonly durable?: boolean }) => T
  /**
   * Calls back once, when what was written so far in this transaction is committed (true) or undone
   * (false); at once, with true, outside of a `write`. For state in memory that follows the rows; it must not throw.
   */
  afterTransaction: (callback: (committed: boolean) => void) => void
  /** Returns when every commit so far survives a power cut. Throws `io` inside a transaction. */
  sync: () => void
  /**
   * Folds the write-ahead log back into the database; never waits for readers or writers. Of the log's
   * `frames`, `folded` are back: a frame is only once nobody reads a snapshot older than it.
   */
  checkpoint: () => { readonly frames: number; readonly folded: number }
  close: () => void
}

export interface DatabaseOptions {
  readonly migrations?: readonly Migration[]
  /** Shared by all threads of the process; without it only SQLite's own lock queues writers. */
  readonly writeLock?: WriteLock
  /** `background`: somebody calls `checkpoint`. `automatic`: SQLite does, within a commit. */
  readonly checkpoints?: 'background' | 'automatic'
}

/** Opens, or makes, the database and brings its schema up to date. Throws `unsupported` if a newer Cairn wrote it. */
export function openDatabase(path: string, options: DatabaseOptions = {}): Database {
  let sqlite: DatabaseSync | undefined
  try {
    sqlite = new DatabaseSync(path, { timeout: limits.databaseBusyMs })
    const connection = new Connection(path, sqlite, options)
    migrate(sqlite, options.migrations ?? [], work => connection.write(work))
    return connection
  } catch (cause) {
    sqlite?.close()
    const error = toCairnError(cause)
    throw new CairnError(error.code, `cannot open the database ${path}: ${error.message}`, {
      cause
    })
  }
}

class Connection implements Database {
  readonly path: string
  readonly #sqlite: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #lock: WriteLock | undefined
  #transaction: 'none' | 'read' | 'write' = 'none'
  #savepoints = 0
  #syncAfter = false
  /** Why SQLite undid the transaction that `work` believes to be in: what followed would be committed by itself. */
  #lost: CairnError | undefined
  #callbacks: Array<(committed: boolean) => void> = []

  constructor(path: string, sqlite: DatabaseSync, options: DatabaseOptions) {
    this.path = path
    this.#lock = options.writeLock
    this.#sqlite = sqlite
    enterWal(sqlite)
    const pages = (options.checkpoints ?? 'automatic') === 'background' ? 0 : 1000
    sqlite.exec(
      `PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=OFF; PRAGMA busy_timeout=${
        limits.databaseBusyMs
      }; PRAGMA wal_autocheckpoint=${pages}; PRAGMA cache_size=-${limits.databaseCacheBytes / 1024}`
    )
  }

  get transaction(): 'none' | 'read' | 'write' {
    return this.#transaction
  }

  statement(sql: string): StatementSync {
    if (this.#lost !== undefined) throw this.#lost
    if (this.#transaction !== 'none' && !this.#sqlite.isTransaction) throw gaveUp()
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    if (this.#statements.size >= limits.databaseStatements) this.#forgetOldest()
    const statement = this.#sqlite.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  /** Whoever still holds a forgotten statement may go on with it. */
  #forgetOldest(): void {
    const [oldest] = this.#statements.keys()
    if (oldest !== undefined) this.#statements.delete(oldest)
  }

  read<T>(work: () => T): T {
    return this.#transaction === 'none' ? this.#transact('BEGIN', 'read', work) : work()
  }

  write<T>(work: () => T, options: { readonly durable?: boolean } = {}): T {
    const durable = options.durable === true
    if (this.#transaction === 'read') {
      throw new CairnError('io', 'a write inside a read transaction')
    }
    if (this.#transaction === 'write') return this.#join(work, durable)
    this.#lock?.acquire()
    try {
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
      this.statement(begin).run()
    } catch (cause) {
      throw toCairnError(cause, 'the database did not begin a transaction')
    }
    this.#transaction = kind
    let committed = false
    try {
      const result = work()
      this.statement('COMMIT').run()
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
    this.#sqlite.exec('PRAGMA user_version = 1')
    return result
  }

  sync(): void {
    if (this.#transaction !== 'none') throw new CairnError('io', 'a sync inside a transaction')
    this.write(() => undefined, { durable: true })
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
