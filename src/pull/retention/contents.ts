import type { Database } from '../../base/database.ts'

/** Something that can be had again: a content, by all its names, or what an archive was unpacked to. */
export interface CachedPart {
  readonly kind: 'content' | 'unpacked'
  /** Of the content, or of the unpacked tree, in bytes. */
  readonly cid: Uint8Array
  /** The items that are this content, or the one whose archive was unpacked; none for a version that is past. */
  readonly keys: readonly string[]
  readonly bytes: number
  readonly usedMs: number
}

export interface CacheSize {
  /** All that was fetched, each content once, and what was unpacked of it. What is published, pushed or pinned here is none of it. */
  readonly cachedBytes: number
  /** Of these: indexes in their newest version, which no budget drops. */
  readonly indexBytes: number
}

export interface LeastUsedOptions {
  /** CIDs, in bytes, that somebody pinned. */
  readonly pinned: readonly Uint8Array[]
  /** What comes before so many bytes are gathered; and whatever was not used since `unusedSinceMs`. */
  readonly toFreeBytes: number
  readonly unusedSinceMs: number
  /** Left out: those of these names. */
  readonly without: readonly string[]
  readonly most: number
}

/** `key` is below `place`: a slash is followed by `0` in the order of keys. */
const belowPlace = (key: string): string =>
  `JOIN catalog_hosted h ON ${key} >= h.place || '/' AND ${key} < h.place || '0'`

/**
 * What is cached, a row each, and whether it stays. Written here are contents below hosted places, what was
 * pushed and published, and what is pinned (?1, a JSON list of CIDs in hex). An index is what has versions and is no
 * plain URL; the manifest that a tag means is one too.
 */
const cached = `
  WITH own(cid) AS (
    SELECT i.cid FROM catalog_items i ${belowPlace('i.key')}
    UNION SELECT v.cid FROM catalog_versions v ${belowPlace('v.key')}
    UNION SELECT cid FROM registry_blobs UNION SELECT cid FROM registry_manifests
    UNION SELECT cid FROM registry_packages UNION SELECT cid FROM registry_tarballs
    UNION SELECT unhex(value) FROM json_each(?1)),
  newest(cid) AS (
    SELECT i.cid FROM catalog_items i WHERE (i.key < 'url/' OR i.key >= 'url0')
      AND EXISTS (SELECT 1 FROM catalog_versions v WHERE v.key = i.key)
    UNION SELECT i.cid FROM registry_pointers p JOIN catalog_digests d ON d.digest = p.digest
      JOIN catalog_items i ON i.key = d.key),
  parts AS (
    SELECT 'content' AS kind, cid, max(bytes) AS bytes, max(used) AS used,
      json_group_array(key) FILTER (WHERE key IS NOT NULL) AS keys
      FROM (SELECT cid, bytes, used_ms AS used, key FROM catalog_items
        UNION ALL SELECT cid, bytes, stored_ms, NULL FROM catalog_versions) GROUP BY cid
    UNION ALL
    SELECT 'unpacked', cid, coalesce(bytes, 0), used_ms, json_array(key) FROM catalog_unpacked),
  cached AS (
    SELECT *, kind = 'content' AND cid IN (SELECT cid FROM newest) AS newest FROM parts
      WHERE cid NOT IN (SELECT cid FROM own))`

export function cacheSize(database: Database, pinned: readonly Uint8Array[]): CacheSize {
  const row = database
    .statement(
      `${cached} SELECT coalesce(sum(bytes), 0) AS cached,
        coalesce(sum(bytes) FILTER (WHERE newest), 0) AS indexes FROM cached`
    )
    .get(asJson(pinned))
  return { cachedBytes: Number(row?.cached), indexBytes: Number(row?.indexes) }
}

/** What may go, the least recently used first. */
export function leastUsed(database: Database, options: LeastUsedOptions): CachedPart[] {
  const { pinned, toFreeBytes, unusedSinceMs, without, most } = options
  return database
    .statement(
      `${cached} SELECT kind, cid, keys, bytes, used FROM (
          SELECT *, sum(bytes) OVER (ORDER BY used, cid, kind ROWS UNBOUNDED PRECEDING) - bytes AS before
            FROM cached
            WHERE NOT newest AND kind || hex(cid) NOT IN (SELECT value FROM json_each(?4)))
        WHERE before < ?2 OR used < ?3 ORDER BY used, cid, kind LIMIT ?5`
    )
    .all(asJson(pinned), toFreeBytes, unusedSinceMs, JSON.stringify(without), most)
    .map(({ kind, cid, keys, bytes, used }) => ({
      kind: kind as CachedPart['kind'],
      cid: cid as Uint8Array,
      keys: JSON.parse((keys as string | null) ?? '[]') as string[],
      bytes: Number(bytes),
      usedMs: Number(used)
    }))
}

/** What a part goes by among others. */
export function nameOf({ kind, cid }: Pick<CachedPart, 'kind' | 'cid'>): string {
  return kind + Buffer.from(cid).toString('hex').toUpperCase()
}

function asJson(cids: readonly Uint8Array[]): string {
  return JSON.stringify(cids.map(cid => Buffer.from(cid).toString('hex')))
}
