import type { CID } from 'multiformats/cid'
import { isImage, type Manifest } from '../../../adapters/oci/manifest.ts'
import type { Digest } from '../../base/digest.ts'
import type { Catalog } from '../../pull/api.ts'

/** Has the package tree show an image's tag: `<name>/<tag>/rootfs.oci`, and beside it its root filesystem. */
export function showTag(
  catalog: Catalog,
  place: string,
  content: { cid: CID; bytes: number; digest: Digest; storedMs: number },
  manifest: Manifest
): void {
  const key = viewKey(place)
  const { cid, bytes, digest, storedMs } = content
  if (!isImage(manifest)) {
    hideTag(catalog, place)
    return
  }
  if (catalog.get(key)?.cid.equals(cid) === true) return
  catalog.put({
    key,
    cid,
    bytes,
    mediaType: manifest.mediaType,
    digests: [digest],
    etag: undefined,
    lastModified: undefined,
    storedMs,
    validatedMs: storedMs,
    usedMs: storedMs
  })
}

export function hideTag(catalog: Catalog, place: string): void {
  catalog.remove(viewKey(place))
}

function viewKey(place: string): string {
  return `oci/${place}/rootfs.oci`
}
