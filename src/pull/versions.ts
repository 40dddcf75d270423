import { CID } from 'multiformats/cid'
import type { Database } from '../base/database.ts'
import type { Digest } from '../base/digest.ts'
import type { CatalogItem } from './api.ts'

/** What mutable items were: the rows of `catalog_versions`. Writes are part of the caller's transaction. */
export class Versions {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  add(item: CatalogItem): void {
    const last = this.#database
      .statement('SELECT cid FROM catalog_versions WHERE key = ? ORDER BY stored_ms DESC LIMIT 1')
      .get(item.key)
    if (last !== undefined && CID.decode(last.cid as Uint8Array).equals(item.cid)) return
    this.#database
      .statement('INSERT OR REPLACE INTO catalog_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        item.key,
        item.validatedMs,
        item.cid.bytes,
        item.bytes,
        item.mediaType,
        item.digests.join(' '),
        item.lastModified ?? null,
        item.storedMs
      )
  }

  at(key: string, atMs: number): CatalogItem | undefined {
    const row = this.#database
      .statement(
        'SELECT * FROM catalog_versions WHERE key = ? AND stored_ms <= ? ORDER BY stored_ms DESC LIMIT 1'
      )
      .get(key, atMs)
    return row === undefined ? undefined : versionOfRow(row)
  }

  with(key: string, digest: Digest): CatalogItem | undefined {
    const rows = this.#database
      .statement('SELECT * FROM catalog_versions WHERE key = ? ORDER BY stored_ms DESC')
      .iterate(key)
    for (const row of rows) {
      if ((row.digests as string).split(' ').includes(digest)) return versionOfRow(row)
    }
    return undefined
  }

  removeContent(cid: CID): void {
    this.#database.statement('DELETE FROM catalog_versions WHERE cid = ?').run(cid.bytes)
  }
}

function versionOfRow(row: Record<string, unknown>): CatalogItem {
  const sinceMs = row.stored_ms as number
  return {
    key: row.key as string,
    cid: CID.decode(row.cid as Uint8Array),
    bytes: row.bytes as number,
    mediaType: row.media_type as string,
    digests: (row.digests as string).split(' ') as Digest[],
    etag: undefined,
    lastModified: (row.last_modified as string | null) ?? undefined,
    storedMs: (row.dated_ms as number | null) ?? sinceMs,
    validatedMs: sinceMs,
    usedMs: sinceMs
  }
}
