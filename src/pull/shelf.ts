import type { Database } from '../base/database.ts'
import type { Digest } from '../base/digest.ts'
import { CairnError } from '../base/errors.ts'
import type { Catalog, CatalogItem } from './api.ts'
import { BufferPool } from './buffers.ts'
import { HeldItems } from './held-items.ts'
import type { InUse } from './in-use.ts'
import type { PullOptions } from './open.ts'

/** Items of the catalog that peers may have, by digest. */
export interface Shelf {
  /** Undefined if no item with these bytes may be had. */
  find: (digest: Digest) => ShelvedBytes | undefined
}

export interface ShelvedBytes {
  readonly bytes: number
  /** From `start` (inclusive) to `end` (exclusive); a piece is valid until the next is asked for. Throws `missing`, `corrupt`. */
  read: (range: { start: number; end: number }) => AsyncIterable<Uint8Array>
}

export interface ShelfOptions extends Pick<PullOptions, 'blocks' | 'reader' | 'log'> {
  /** What is found and what is read is not dropped by the budget meanwhile. */
  readonly inUse: InUse
  readonly database: Database
  readonly catalog: Catalog
  /** Whether everybody may get it where it came from. */
  readonly isPublic: (item: CatalogItem) => boolean
}

/** Keys of one content that are looked at: more would be a search. */
const keysTried = 64

/** Peers name digests that indexes name, so of an item with several any will do. */
export function openShelf(options: ShelfOptions): Shelf {
  const { database, catalog, isPublic } = options
  const held = new HeldItems(options, new BufferPool())
  const keys = database.statement('SELECT key FROM catalog_digests WHERE digest = ? LIMIT ?')
  return {
    find: digest => {
      if (!/^sha(256|512):/.test(digest)) {
        throw new CairnError('invalid', 'sha256 and sha512 are what peers ask by')
      }
      const found = keys
        .all(digest, keysTried)
        .map(({ key }) => catalog.get(key as string))
        .find(item => item !== undefined && isPublic(item))
      const item = held.check(found)
      if (item === undefined) return undefined
      held.inUse.ask(item.cid)
      return { bytes: item.bytes, read: range => held.read(item, range) }
    }
  }
}
