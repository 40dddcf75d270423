import type { Database } from '../base/database.ts'
import { type Digest, digestFromHex } from '../base/digest.ts'
import { CairnError } from '../base/errors.ts'
import type { Catalog, CatalogItem } from './api.ts'
import { openCatalog } from './catalog.ts'

/** What of the catalog travels to another machine with its blocks, so that it is served there as it was here. */
export type Carried =
  | { readonly kind: 'item'; readonly item: CatalogItem }
  /** What a mutable name of a registry (a tag) meant when it was asked for last. */
  | {
      readonly kind: 'pointer'
      readonly key: string
      readonly digest: Digest
      readonly validatedMs: number
    }

/** Everything at a key and below it (`apt/debian`), in the order of keys; all for ''. */
export function* carriedBelow(database: Database, prefix: string): Generator<Carried> {
  const isBelow = (key: string) => prefix === '' || key === prefix || key.startsWith(`${prefix}/`)
  for (const item of openCatalog(database).items(prefix)) {
    if (isBelow(item.key)) yield { kind: 'item', item }
  }
  const pointers = database
    .statement('SELECT key, digest, validated_ms FROM registry_pointers ORDER BY key')
    .all()
  for (const row of pointers) {
    const key = row.key as string
    const digest = row.digest as Digest
    if (isBelow(key))
      yield { kind: 'pointer', key, digest, validatedMs: row.validated_ms as number }
  }
}

/** Takes what was carried into the catalog, where it is newer than what is held. */
export class CarriedTaker {
  readonly #database: Database
  readonly #catalog: Catalog
  readonly #nowMs: number
  readonly #places = new Set<string>()

  /** `nowMs`: what claims to have been asked for later was asked for now. */
  constructor(database: Database, nowMs: number) {
    this.#database = database
    this.#nowMs = nowMs
    this.#catalog = openCatalog(database)
  }

  /** Inside a transaction, when the blocks are here. False if what is held is as new. */
  take(carried: Carried): boolean {
    return carried.kind === 'item' ? this.#takeItem(carried.item) : this.#takePointer(carried)
  }

  #takeItem(item: CatalogItem): boolean {
    const held = this.#catalog.get(item.key)
    const validatedMs = this.#past(item.validatedMs)
    if (held !== undefined && held.validatedMs >= validatedMs) return false
    const [storedMs, usedMs] = [this.#past(item.storedMs), this.#past(item.usedMs)]
    this.#catalog.put({ ...item, validatedMs, storedMs, usedMs })
    this.#places.add(item.key.split('/', 2).join('/'))
    return true
  }

  #takePointer({ key, digest, validatedMs }: Extract<Carried, { kind: 'pointer' }>): boolean {
    const { changes } = this.#database
      .statement(
        `INSERT INTO registry_pointers VALUES (?, ?, ?) ON CONFLICT DO UPDATE
         SET digest = excluded.digest, validated_ms = excluded.validated_ms
         WHERE excluded.validated_ms > validated_ms`
      )
      .run(key, digest, this.#past(validatedMs))
    return changes === 1
  }

  /** A clock that ran ahead, or a lie, must not have an entry taken for new for ever. */
  #past(ms: number): number {
    return Math.min(ms, this.#nowMs)
  }

  /** Inside the transaction, at its end: indexes that came are read anew when they are served next. */
  finish(): void {
    for (const place of this.#places) {
      this.#database
        .statement('UPDATE catalog_documents SET digest = NULL WHERE name >= ? AND name < ?')
        .run(`${place}/`, `${place}0`)
    }
  }
}

/** A digest as text from outside. Throws `invalid`. */
export function parseDigest(text: string): Digest {
  const [algorithm = '', hex = ''] = text.split(':', 2)
  if (
    algorithm === 'sha256' ||
    algorithm === 'sha512' ||
    algorithm === 'sha1' ||
    algorithm === 'md5'
  ) {
    return digestFromHex(algorithm, hex)
  }
  throw new CairnError('invalid', `${JSON.stringify(text.slice(0, 80))} is no digest`)
}
