import type { CID } from 'multiformats/cid'
import type { Database } from '../base/database.ts'
import type { Digest } from '../base/digest.ts'
import { CairnError } from '../base/errors.ts'
import type {
  Catalog,
  CatalogItem,
  CatalogStatistics,
  Expectation,
  Learning,
  LearnSource,
  UnpackedTree
} from './api.ts'
import { Epoch } from './epoch.ts'
import { itemColumns, itemOfRow } from './item-rows.ts'
import { UnpackedRows } from './unpacked-rows.ts'
import { Versions } from './versions.ts'

/**
 * The catalog over the home's database (`catalogMigrations` must have run). Every thread opens its
 * own over its own connection.
 */
export function openCatalog(database: Database): Catalog {
  return new DatabaseCatalog(database)
}

class DatabaseCatalog implements Catalog {
  readonly #database: Database
  readonly #versions: Versions
  readonly #unpacked: UnpackedRows
  readonly #epoch: Epoch

  constructor(database: Database) {
    this.#database = database
    this.#versions = new Versions(database)
    this.#unpacked = new UnpackedRows(database)
    this.#epoch = new Epoch(database)
  }

  get(key: string): CatalogItem | undefined {
    return this.#item(`SELECT ${itemColumns} FROM catalog_items WHERE key = ?`, key)
  }

  byDigest(digest: Digest): CatalogItem | undefined {
    return this.#item(
      `SELECT ${itemColumns} FROM catalog_items WHERE key =
        (SELECT key FROM catalog_digests WHERE digest = ? LIMIT 1)`,
      digest
    )
  }

  #item(sql: string, parameter: string): CatalogItem | undefined {
    const row = this.#database.statement(sql).get(parameter)
    return row === undefined ? undefined : itemOfRow(row)
  }

  put(item: CatalogItem, { version = false }: { version?: boolean } = {}): void {
    this.#database.write(() => {
      this.#forgetDigests(item.key)
      if (version) this.#versions.add(item)
      this.#database
        .statement('INSERT OR REPLACE INTO catalog_items VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
        .run(
          item.key,
          item.cid.bytes,
          item.bytes,
          item.mediaType,
          item.digests.join(' '),
          item.etag ?? null,
          item.lastModified ?? null,
          item.storedMs,
          item.validatedMs,
          item.usedMs
        )
      const insert = this.#database.statement('INSERT OR IGNORE INTO catalog_digests VALUES (?, ?)')
      for (const digest of item.digests) insert.run(digest, item.key)
    })
  }

  touch(key: string, validatedMs: number): void {
    this.#run('UPDATE catalog_items SET validated_ms = ? WHERE key = ?', validatedMs, key)
  }

  use(uses: Iterable<readonly [key: string, usedMs: number]>): void {
    const use = this.#database.statement('UPDATE catalog_items SET used_ms = ? WHERE key = ?')
    this.#database.write(() => {
      for (const [key, usedMs] of uses) use.run(usedMs, key)
    })
  }

  useUnpacked(keys: Iterable<string>, usedMs: number): void {
    this.#database.write(() => this.#unpacked.use(keys, usedMs))
  }

  remove(key: string): void {
    this.#database.write(() => {
      this.#forgetDigests(key)
      this.#run('DELETE FROM catalog_items WHERE key = ?', key)
      this.#run('DELETE FROM catalog_unpacked WHERE key = ?', key)
    })
  }

  removeContent({ cid, digests }: Pick<CatalogItem, 'cid' | 'digests'>): void {
    const keys = this.#database.statement(
      `SELECT i.key FROM catalog_digests d JOIN catalog_items i ON i.key = d.key
        WHERE d.digest = ? AND i.cid = ?`
    )
    this.#database.write(() => {
      for (const { key } of keys.all(digests[0] ?? '', cid.bytes)) this.remove(key as string)
      this.#versions.removeContent(cid)
    })
  }

  versionAt(key: string, atMs: number): CatalogItem | undefined {
    return this.#versions.at(key, atMs)
  }

  versionWith(key: string, digest: Digest): CatalogItem | undefined {
    return this.#versions.with(key, digest)
  }

  together<T>(work: () => T, options: { readonly durable?: boolean } = {}): T {
    return this.#database.write(work, options)
  }

  host(place: string, createdMs: number): void {
    this.#run('INSERT OR IGNORE INTO catalog_hosted VALUES (?, ?)', place, createdMs)
  }

  hosted(prefix: string): string[] {
    return this.#database
      .statement('SELECT place FROM catalog_hosted WHERE place >= ? AND place < ? ORDER BY place')
      .all(prefix, `${prefix}\u{10ffff}`)
      .map(({ place }) => place as string)
  }

  #forgetDigests(key: string): void {
    const old = this.#database
      .statement('SELECT digests FROM catalog_items WHERE key = ?')
      .get(key)?.digests
    if (old === undefined) return
    const remove = this.#database.statement(
      'DELETE FROM catalog_digests WHERE digest = ? AND key = ?'
    )
    for (const digest of String(old).split(' ')) remove.run(digest, key)
  }

  #run(sql: string, ...parameters: Array<string | number | Uint8Array | null>): void {
    this.#database.write(() => this.#database.statement(sql).run(...parameters))
  }

  learn(document: string, source: LearnSource): Learning {
    const generation = this.#database.write(() => this.#beginGeneration(document))
    return {
      add: entries =>
        this.#database.write(() => {
          const insert = this.#database.statement(
            'INSERT OR REPLACE INTO catalog_expectations VALUES (?, ?, ?, ?, ?)'
          )
          for (const { key, digest, bytes } of entries) {
            insert.run(key, generation.document, generation.number, digest, bytes ?? null)
          }
        }),
      commit: () => this.#commitGeneration(generation, source)
    }
  }

  /** Takes the next number, and sweeps what an earlier attempt left behind when its process died. */
  #beginGeneration(document: string): { document: number; number: number } {
    this.#database
      .statement('INSERT OR IGNORE INTO catalog_documents VALUES (NULL, ?, 0, NULL, 0)')
      .run(document)
    const row = this.#database
      .statement('SELECT id, generation FROM catalog_documents WHERE name = ?')
      .get(document)
    const id = Number(row?.id)
    const current = Number(row?.generation)
    const newest = this.#database
      .statement('SELECT max(generation) AS newest FROM catalog_expectations WHERE document = ?')
      .get(id)?.newest
    return { document: id, number: Math.max(current, Number(newest ?? 0)) + 1 }
  }

  #commitGeneration(
    generation: { document: number; number: number },
    { digest, learntMs }: LearnSource
  ): void {
    this.#run(
      'UPDATE catalog_documents SET generation = ?, digest = ?, learnt_ms = ? WHERE id = ?',
      generation.number,
      digest,
      learntMs,
      generation.document
    )
    const sweep = this.#database.statement(
      `DELETE FROM catalog_expectations WHERE (key, document, generation) IN
        (SELECT key, document, generation FROM catalog_expectations
          WHERE document = ? AND generation < ? LIMIT 4000)`
    )
    const { document, number } = generation
    while (this.#database.write(() => sweep.run(document, number)).changes > 0);
  }

  learnt(document: string): Digest | undefined {
    const row = this.#database
      .statement('SELECT digest FROM catalog_documents WHERE name = ?')
      .get(document)
    return (row?.digest ?? undefined) as Digest | undefined
  }

  expected(key: string): Expectation | undefined {
    const row = this.#database
      .statement(
        `SELECT e.digest, e.bytes FROM catalog_expectations e
          JOIN catalog_documents d ON d.id = e.document AND d.generation = e.generation
          WHERE e.key = ? ORDER BY d.learnt_ms DESC, d.id DESC LIMIT 1`
      )
      .get(key)
    if (row === undefined) return undefined
    return { digest: row.digest as Digest, bytes: (row.bytes as number | null) ?? undefined }
  }

  /**
   * One seek in the index for each name, whatever lies below it: after `a/b/c` the next seek is for
   * keys past `a/b/`. An item `a/b` and a prefix `a/b/` are both told.
   */
  *list(prefix: string): Generator<{ name: string; kind: 'item' | 'prefix' }> {
    const base = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
    const next = this.#database.statement(
      'SELECT key FROM catalog_items WHERE key >= ? AND key < ? ORDER BY key LIMIT 1'
    )
    const end = base === '' ? '\u{10ffff}' : afterAllBelow(base)
    for (let from = base; ; ) {
      const key = next.get(from, end)?.key as string | undefined
      if (key === undefined) return
      const slash = key.indexOf('/', base.length)
      const name = slash < 0 ? key.slice(base.length) : key.slice(base.length, slash)
      from = slash < 0 ? `${key}\0` : afterAllBelow(`${base}${name}/`)
      if (name !== '') yield { name, kind: slash < 0 ? 'item' : 'prefix' }
    }
  }

  *items(prefix: string): Generator<CatalogItem> {
    const statement = this.#database.statement(
      `SELECT ${itemColumns} FROM catalog_items WHERE key >= ? AND key < ? ORDER BY key LIMIT 500`
    )
    const end = prefix === '' ? '\u{10ffff}' : `${prefix}\u{10ffff}`
    for (let from = prefix; ; ) {
      const rows = statement.all(from, end)
      for (const row of rows) yield itemOfRow(row)
      const last = rows.at(-1)
      if (last === undefined) return
      from = `${last.key as string}\0`
    }
  }

  version(): number | undefined {
    return this.#epoch.now()
  }

  unpacked(key: string): CID | undefined {
    return this.#unpacked.content(key)
  }

  sideRecord(key: string): CID | undefined {
    return this.#unpacked.record(key)
  }

  setUnpacked(key: string, tree: UnpackedTree, usedMs: number): void {
    if (this.get(key) === undefined) {
      throw new CairnError('not-found', `${key} went from the catalog while it was unpacked`)
    }
    this.#unpacked.set(key, tree, usedMs)
  }

  statistics(): CatalogStatistics {
    const rows = this.#database
      .statement(
        `SELECT substr(key, 1, instr(key, '/') - 1) AS adapter, count(*) AS items, sum(bytes) AS bytes
          FROM catalog_items GROUP BY adapter`
      )
      .all()
    const counts = rows.map(row => ({ items: Number(row.items), bytes: Number(row.bytes) }))
    return {
      items: counts.reduce((sum, { items }) => sum + items, 0),
      bytes: counts.reduce((sum, { bytes }) => sum + bytes, 0),
      adapters: Object.fromEntries(rows.map((row, at) => [row.adapter as string, counts[at]!]))
    }
  }
}

/** The first key past everything that begins with `base`, which ends with a slash: `0` follows `/`. */
function afterAllBelow(base: string): string {
  return `${base.slice(0, -1)}0`
}
