import type { CID } from 'multiformats/cid'
import type { Digest } from '../../base/digest.ts'
import { toCairnError } from '../../base/errors.ts'
import type { HostedContent } from '../../pull/registry/api.ts'
import type { UnixfsReader } from '../../unixfs/api.ts'
import type { OciDoorOptions } from './call.ts'

/** The bytes of a digest, wherever they came from, if all of them are here. */
export function findHeldBlob(
  { repositories, catalog, reader }: Pick<OciDoorOptions, 'repositories' | 'catalog' | 'reader'>,
  digest: Digest
): Pick<HostedContent, 'cid' | 'bytes'> | undefined {
  const held = repositories.anyBlob(digest) ?? catalog.byDigest(digest)
  return held !== undefined && isWhole(reader, held.cid) ? held : undefined
}

/** Whoever is shown content under another name keeps no copy: what a disk lost must be pushed again. */
export function isWhole(reader: UnixfsReader, cid: CID): boolean {
  try {
    for (const _ of reader.walk(cid));
    return true
  } catch (cause) {
    const { code } = toCairnError(cause)
    if (code === 'missing' || code === 'corrupt') return false
    throw cause
  }
}
