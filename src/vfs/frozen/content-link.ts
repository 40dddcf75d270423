import { type Multihash, cidText as textOfCid } from '../../base/blocks.ts'
import type { Name } from '../../base/names.ts'
import type { DirectoryLink } from '../../unixfs/api.ts'
import type { Ino } from '../api.ts'
import { type InodeKey, inodeKind } from './inode-key.ts'
import { describedIdentity } from './side-records.ts'

/** What links lead to, or a root's name. */
export interface ContentLink
  extends Pick<DirectoryLink, 'name' | 'codec' | 'multihash' | 'cidVersion'>,
    Partial<Pick<DirectoryLink, 'dagBytes'>> {
  /** The side record of what it leads to, if it has one. */
  readonly record?: Multihash | undefined
}

/** A directory's content, and what stands beside it of those in it. */
export interface Directory {
  readonly codec: number
  readonly multihash: Multihash
  readonly record?: Multihash | undefined
}

export function described(link: DirectoryLink, record: Multihash | undefined): ContentLink {
  return record === undefined ? link : { ...link, record }
}

export function keyOf(link: ContentLink, parent: Ino): InodeKey {
  const { record, multihash } = link
  return {
    kind: record === undefined ? inodeKind.content : inodeKind.described,
    identity: record === undefined ? multihash : describedIdentity(multihash, record),
    codec: link.codec,
    cidVersion: link.cidVersion,
    parent,
    name: parent === 0 ? ('' as Name) : link.name
  }
}

/** As people write it: version 0 as it was, version 1 in base32. */
export function cidText(link: Pick<ContentLink, 'codec' | 'multihash' | 'cidVersion'>): string {
  return textOfCid(link.codec, link.multihash, link.cidVersion)
}
