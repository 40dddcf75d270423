import { CairnError } from '../../base/errors.ts'
import type { Ino } from '../api.ts'
import { cidText } from './content-link.ts'
import type { ContentNodes } from './content-nodes.ts'
import { inodeKind } from './inode-key.ts'
import type { InodeTable } from './inode-table.ts'

/** The extended attribute of everything that is the content of a CID. */
export const cidXattr = 'user.cairn.cid'

/** What a frozen tree shows of an inode: its CID, and what its side record has. */
export function xattrNames(inodes: InodeTable, content: ContentNodes, ino: Ino): string[] {
  return isContent(inodes, ino) ? [cidXattr, ...content.recordedXattrs(ino).keys()] : []
}

/** Throws `no-attribute`. */
export function readXattr(
  inodes: InodeTable,
  content: ContentNodes,
  ino: Ino,
  name: string
): Uint8Array {
  if (isContent(inodes, ino)) {
    if (name === cidXattr) return Buffer.from(cidText(content.content(ino)))
    const value = content.recordedXattrs(ino).get(name)
    if (value !== undefined) return value
  }
  throw new CairnError('no-attribute', `it has no attribute ${JSON.stringify(name)}`)
}

function isContent(inodes: InodeTable, ino: Ino): boolean {
  const kind = inodes.kind(ino)
  return kind !== inodeKind.catalogDirectory && kind !== inodeKind.archiveFolder
}
