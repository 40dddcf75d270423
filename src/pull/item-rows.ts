import { CID } from 'multiformats/cid'
import type { Digest } from '../base/digest.ts'
import type { CatalogItem } from './api.ts'

/** What `itemOfRow` reads of `catalog_items`. */
export const itemColumns = `key, cid, bytes, media_type AS mediaType, digests, etag, last_modified AS lastModified,
  stored_ms AS storedMs, validated_ms AS validatedMs, used_ms AS usedMs`

export function itemOfRow(row: Record<string, unknown>): CatalogItem {
  return {
    key: row.key as string,
    cid: CID.decode(row.cid as Uint8Array),
    bytes: row.bytes as number,
    mediaType: row.mediaType as string,
    digests: (row.digests as string).split(' ') as Digest[],
    etag: (row.etag as string | null) ?? undefined,
    lastModified: (row.lastModified as string | null) ?? undefined,
    storedMs: row.storedMs as number,
    validatedMs: row.validatedMs as number,
    usedMs: row.usedMs as number
  }
}
