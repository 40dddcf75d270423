import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Connection } from './connection.ts'
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
   * Another number after each commit of anyone, in this process or another: what was read under the same
   * number still holds. Those of other connections show from the next turn of the event loop on. Undefined
   * inside a transaction, which may see what nobody else does.
   */
  version: () => number | undefined
  /**
   * Folds the write-ahead log back into the database; never waits for readers or writers. Of the log's
   * `frames`, `folded` are back: a frame is only once nobody reads a snapshot older than it.
   */
  checkpoint: () => { readonly frames: number; readonly folded: number }
  /** Commits what `grouped` left for later; inside a transaction it does nothing. */
  settle: () => void
  /** Something is left, and it is time to commit it. */
  readonly due: boolean
  /** Something is left. */
  readonly unsettled: boolean
  close: () => void
}

export interface DatabaseOptions {
  readonly migrations?: readonly Migration[]
  /** Shared by all threads of the process; without it only SQLite's own lock queues writers. */
  readonly writeLock?: WriteLock
  /** `background`: somebody calls `checkpoint`. `automatic`: SQLite does, within a commit. */
  readonly checkpoints?: 'background' | 'automatic'
  /**
   * Commits many of this connection's writes together, and keeps a log of them that a crash of the
   * process leaves behind (`GroupCommit`). Whoever asks for it calls `settle` before he waits for anything.
   * Only with a `writeLock`.
   */
  readonly grouped?: boolean
  /** The thread never comes to the next turn of its event loop: what others committed is looked for each time. */
  readonly blocks?: boolean
}

/** Opens, or makes, the database and brings its schema up to date. Throws `unsupported` if a newer Cairn wrote it. */
export function openDatabase(path: string, options: DatabaseOptions = {}): Database {
  let sqlite: DatabaseSync | undefined
  try {
    sqlite = new DatabaseSync(path, { timeout: limits.databaseBusyMs })
    const connection = new Connection(path, sqlite, options)
    migrate(sqlite, options.migrations ?? [], work =>
      connection.write(() => {
        connection.writeUnrecorded()
        work()
      })
    )
    return connection
  } catch (cause) {
    sqlite?.close()
    const error = toCairnError(cause)
    throw new CairnError(error.code, `cannot open the database ${path}: ${error.message}`, {
      cause
    })
  }
}
