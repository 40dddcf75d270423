import { CID } from 'multiformats/cid'
import type { Database } from '../base/database.ts'
import type { UnpackedTree } from './api.ts'

/** What archives were unpacked to: the rows of `catalog_unpacked`. Writes are part of the caller's transaction. */
export class UnpackedRows {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** As `Catalog.unpacked`. */
  content(key: string): CID | undefined {
    return this.#cid(
      `SELECT u.cid FROM catalog_unpacked u JOIN catalog_items i ON i.key = u.key AND i.cid = u.archive
        WHERE u.key = ?`,
      key
    )
  }

  /** As `Catalog.sideRecord`. */
  record(key: string): CID | undefined {
    return this.#cid('SELECT record AS cid FROM catalog_unpacked WHERE key = ?', key)
  }

  #cid(sql: string, key: string): CID | undefined {
    const bytes = this.#database.statement(sql).get(key)?.cid
    return bytes instanceof Uint8Array ? CID.decode(bytes) : undefined
  }

  set(key: string, { cid, archive, record, bytes }: UnpackedTree, usedMs: number): void {
    this.#database
      .statement('INSERT OR REPLACE INTO catalog_unpacked VALUES (?, ?, ?, ?, ?, ?)')
      .run(key, cid.bytes, archive.bytes, record?.bytes ?? null, bytes, usedMs)
  }

  use(keys: Iterable<string>, usedMs: number): void {
    const use = this.#database.statement('UPDATE catalog_unpacked SET used_ms = ? WHERE key = ?')
    for (const key of keys) use.run(usedMs, key)
  }
}
