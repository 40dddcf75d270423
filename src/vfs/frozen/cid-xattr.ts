import { CairnError } from '../../base/errors.ts'
import type { Ino } from '../api.ts'
import { cidText } from './content-nodes.ts'
import { inodeKind } from './inode-key.ts'
import type { InodeTable } from './inode-table.ts'

/** The extended attribute of everything that is the content of a CID. */
export const cidXattr = 'user.cairn.cid'

export function cidXattrNames(inodes: InodeTable, ino: Ino): string[] {
  return inodes.kind(ino) === inodeKind.content ? [cidXattr] : []
}

/** Throws `no-attribute`. */
export function readCidXattr(inodes: InodeTable, ino: Ino, name: string): Uint8Array {
  const { kind, identity, codec, cidVersion } = inodes.identity(ino)
  if (kind !== inodeKind.content || name !== cidXattr) {
    throw new CairnError('no-attribute', `it has no attribute ${JSON.stringify(name)}`)
  }
  return Buffer.from(cidText({ codec, multihash: identity, cidVersion }))
}
