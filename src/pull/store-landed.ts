import type { BlockWriter } from '../base/blocks.ts'
import { makeCid } from '../base/blocks.ts'
import type { UnixfsWriter } from '../unixfs/api.ts'
import type { Classification } from './adapter.ts'
import type { Catalog, CatalogItem } from './api.ts'
import type { DownloadHead } from './download.ts'
import type { Landed } from './flight.ts'
import type { HeldItems } from './held-items.ts'

/** The date clients know a version by, as the upstream writes it or, where undefined, as `storedMs`. */
export interface Stamp {
  readonly lastModified: string | undefined
  readonly storedMs: number
}

/**
 * The date of a new version: the upstream's, unless it gave the same to other bytes; then our own,
 * a whole second later than the last one, because that is all a client compares.
 */
export function stampOf(
  held: Pick<CatalogItem, 'lastModified' | 'storedMs'> | undefined,
  head: Pick<DownloadHead, 'lastModified'> | undefined,
  nowMs: number
): Stamp {
  const earliest = held === undefined ? nowMs : Math.max(nowMs, held.storedMs + 1000)
  const given = head?.lastModified
  const usable = given !== undefined && !Number.isNaN(Date.parse(given))
  return {
    lastModified: usable && given !== held?.lastModified ? given : undefined,
    storedMs: earliest
  }
}

/** The bytes of another item under the name that is wanted, where `before` stood. */
export function copiedItem(
  other: CatalogItem,
  { key, mediaType }: Classification,
  before: CatalogItem | undefined,
  nowMs: number
): CatalogItem {
  const times = { validatedMs: nowMs, usedMs: nowMs }
  return {
    ...other,
    key,
    mediaType,
    etag: undefined,
    ...stampOf(before, undefined, nowMs),
    ...times
  }
}

/** Puts the bytes of a flight into the store, then their name into the catalog. */
export async function storeLanded(
  to: { catalog: Catalog; blocks: BlockWriter; writer: UnixfsWriter; held: HeldItems },
  wanted: Classification,
  { head, file, bytes, digests }: Landed,
  nowMs: number
): Promise<void> {
  const held = to.held.get(wanted.key)
  const times = { validatedMs: nowMs, usedMs: nowMs }
  if (held !== undefined && held.digests[0] === digests[0]) {
    const all = [...new Set([...digests, ...held.digests])]
    const isKnown = all.length === held.digests.length && head.etag === held.etag
    if (isKnown) to.catalog.touch(wanted.key, nowMs)
    else to.catalog.put({ ...held, ...times, digests: all, etag: head.etag })
    return
  }
  const builder = to.writer.file()
  for await (const piece of file.read()) builder.write(piece)
  const node = builder.finish()
  to.blocks.flush()
  const item: CatalogItem = {
    key: wanted.key,
    cid: makeCid(node.codec, node.multihash, node.cidVersion),
    bytes,
    mediaType: wanted.mediaType,
    digests,
    etag: head.etag,
    ...stampOf(held, head, nowMs),
    ...times
  }
  const version = wanted.freshness.kind === 'mutable' && wanted.passing !== true
  to.catalog.put(item, { version })
}
