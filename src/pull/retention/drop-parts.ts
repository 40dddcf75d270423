import { CID } from 'multiformats/cid'
import type { Database } from '../../base/database.ts'
import { openCatalog } from '../catalog.ts'
import { type CachedPart, nameOf } from './contents.ts'

export interface Dropped {
  readonly parts: number
  readonly bytes: number
  /** Those that stay, by `nameOf`. */
  readonly refused: readonly string[]
}

/** Parts dropped in one transaction: a millisecond or two in which other writers wait. */
const together = 32

/**
 * Takes parts out of the catalog; a collection frees their blocks. One that is in use, or was used since it was found,
 * stays.
 */
export function dropParts(
  database: Database,
  parts: readonly CachedPart[],
  isInUse: (part: CachedPart) => boolean
): Dropped {
  let count = 0
  let bytes = 0
  const refused: string[] = []
  for (let at = 0; at < parts.length; at += together) {
    const some = parts.slice(at, at + together)
    database.write(() => {
      for (const part of some) {
        if (isInUse(part) || !drop(database, part)) {
          refused.push(nameOf(part))
          continue
        }
        count++
        bytes += part.bytes
      }
    })
  }
  return { parts: count, bytes, refused }
}

function drop(database: Database, { kind, cid, keys, usedMs }: CachedPart): boolean {
  if (kind === 'unpacked') {
    const forget = database.statement(
      'DELETE FROM catalog_unpacked WHERE key = ? AND cid = ? AND used_ms <= ?'
    )
    return keys.some(key => forget.run(key, cid, usedMs).changes > 0)
  }
  const catalog = openCatalog(database)
  const content = CID.decode(Uint8Array.from(cid))
  const items = keys.flatMap(key => catalog.get(key) ?? []).filter(item => item.cid.equals(content))
  if (items.some(item => item.usedMs > usedMs)) return false
  for (const { key } of items) catalog.remove(key)
  const versions = database
    .statement(
      `DELETE FROM catalog_versions WHERE cid = ?1 AND NOT EXISTS
        (SELECT 1 FROM catalog_items i WHERE i.key = catalog_versions.key AND i.cid = ?1)`
    )
    .run(cid)
  return items.length > 0 || versions.changes > 0
}
