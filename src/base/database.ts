import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { CairnError, toCairnError } from './errors.ts'
import { limits } from './limits.ts'
import type { WriteLock } from './write-lock.ts'

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
  /** A statement, prepared once a connection. Integers are JS numbers; blobs are Uint8Array. */
  statement: (sql: string) => StatementSync
  /** Runs `work` on one snapshot. Inside `write` or another `read` it joins that transaction. */
  read: <T>(work: () => T) => T
  /** Runs `work` as one transaction: all of it or, if it throws, nothing. Inside another `write` it joins that. */
  write: <T>(work: () => T) => T
  /** Returns when every commit so far survives a power cut. */
  sync: () => void
  /** Folds the write-ahead log back into the database; never waits for readers or writers. */
  checkpoint: () => void
  close: () => void
}

/** A step of an owner's schema; steps of one owner are numbered from 1 and never change once released. */
export interface Migration {
  readonly owner: string
  readonly version: number
  readonly sql: string
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
  try {
    return new Connection(path, options)
  } catch (cause) {
    throw toCairnError(cause, `cannot open the database ${path}`)
  }
}

class Connection implements Database {
  readonly path: string
  readonly #sqlite: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #lock: WriteLock | undefined
  #depth = 0
  #writing = false

  constructor(path: string, options: DatabaseOptions) {
    this.path = path
    this.#lock = options.writeLock
    this.#sqlite = new DatabaseSync(path, { timeout: limits.databaseBusyMs })
    this.#sqlite.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=OFF')
    const pages = (options.checkpoints ?? 'automatic') === 'background' ? 0 : 1000
    this.#sqlite.exec(`PRAGMA wal_autocheckpoint=${pages}`)
    this.#migrate(options.migrations ?? [])
  }

  #migrate(migrations: readonly Migration[]): void {
    if (migrations.length === 0) return
    const versions = this.#versions()
    const news = migrations.filter(({ owner, version }) => version > (versions.get(owner) ?? 0))
    for (const [owner, version] of versions) this.#refuseNewer(owner, version, migrations)
    if (news.length === 0) return
    this.write(() => {
      this.#sqlite.exec(
        'CREATE TABLE IF NOT EXISTS schema (owner TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID'
      )
      const current = this.#versions()
      for (const { owner, version, sql } of news) {
        if (version <= (current.get(owner) ?? 0)) continue
        this.#sqlite.exec(sql)
        this.statement(
          'INSERT INTO schema VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version'
        ).run(owner, version)
      }
    })
  }

  #versions(): Map<string, number> {
    const known = this.#sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema'").get()
    if (known === undefined) return new Map()
    const rows = this.#sqlite.prepare('SELECT owner, version FROM schema').all()
    return new Map(rows.map(row => [row.owner as string, row.version as number]))
  }

  #refuseNewer(owner: string, version: number, migrations: readonly Migration[]): void {
    const own = migrations.filter(migration => migration.owner === owner)
    if (own.length > 0 && own.every(migration => migration.version < version)) {
      throw new CairnError(
        'unsupported',
        `a newer Cairn wrote it (${owner} is at version ${version}): update this one`
      )
    }
  }

  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#sqlite.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  read<T>(work: () => T): T {
    return this.#depth > 0 ? work() : this.#transact('BEGIN', work)
  }

  write<T>(work: () => T): T {
    if (this.#depth > 0) {
      if (!this.#writing) throw new CairnError('io', 'a write inside a read transaction')
      return work()
    }
    this.#lock?.acquire()
    this.#writing = true
    try {
      return this.#transact('BEGIN IMMEDIATE', work)
    } finally {
      this.#writing = false
      this.#lock?.release()
    }
  }

  #transact<T>(begin: string, work: () => T): T {
    try {
      this.#sqlite.exec(begin)
    } catch (cause) {
      throw toCairnError(cause, 'the database did not begin a transaction')
    }
    this.#depth++
    try {
      const result = work()
      this.#sqlite.exec('COMMIT')
      return result
    } catch (cause) {
      this.#rollback()
      throw toCairnError(cause)
    } finally {
      this.#depth--
    }
  }

  /** SQLite rolls back by itself after a full disk: then there is nothing left to do here. */
  #rollback(): void {
    if (this.#sqlite.isTransaction) this.#sqlite.exec('ROLLBACK')
  }

  sync(): void {
    this.#sqlite.exec('PRAGMA synchronous=FULL')
    try {
      this.write(() => this.#sqlite.exec('PRAGMA user_version = 1'))
    } finally {
      this.#sqlite.exec('PRAGMA synchronous=NORMAL')
    }
  }

  checkpoint(): void {
    this.#sqlite.exec('PRAGMA wal_checkpoint(PASSIVE)')
  }

  close(): void {
    this.#statements.clear()
    this.#sqlite.close()
  }
}
