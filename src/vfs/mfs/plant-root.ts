import type { CID } from 'multiformats/cid'
import { CairnError } from '../../base/errors.ts'
import { fileType } from '../api.ts'
import type { Context } from './context.ts'
import { rootIno } from './context.ts'
import { type Inode, timeNow } from './inode.ts'
import { findRow, inodeOfLink, insertInode } from './inodes.ts'

/** Makes the root directory at first use: the content of the root's CID, or an empty directory. */
export function plantRoot(context: Context): void {
  if (findRow(context, rootIno) !== undefined) return
  const standing = context.roots.get(context.rootName)
  context.database.write(() => {
    if (findRow(context, rootIno) !== undefined) return
    if (standing === undefined) insertInode(context, emptyRoot(context))
    else insertInode(context, sealedRoot(context, standing.cid))
  })
}

/** The root as a directory of blocks that nobody unfolded. Throws `missing`, `not-directory`. */
export function sealedRoot(context: Context, cid: CID): Inode {
  const info = context.unixfs.reader.info(cid)
  if (info.kind !== 'directory') {
    throw new CairnError('not-directory', `${cid} is a ${info.kind}: a tree starts at a directory`)
  }
  const link = {
    codec: cid.code,
    multihash: cid.multihash.bytes,
    cidVersion: cid.version,
    dagBytes: 0
  } as const
  return inodeOfLink(context, rootIno, link, info)
}

function emptyRoot(context: Context): Inode {
  const { seconds, nanoseconds } = timeNow(context.clock)
  return {
    ino: rootIno,
    mode: fileType.directory | 0o755,
    links: 2,
    uid: context.owner.uid,
    gid: context.owner.gid,
    rdev: 0,
    size: 0,
    atimeSeconds: seconds,
    atimeNanoseconds: nanoseconds,
    mtimeSeconds: seconds,
    mtimeNanoseconds: nanoseconds,
    ctimeSeconds: seconds,
    ctimeNanoseconds: nanoseconds,
    dirty: 1,
    generation: 1,
    writers: 0,
    unfolded: 1,
    draft: null,
    codec: null,
    multihash: null,
    cidVersion: null,
    dagBytes: null,
    target: null,
    stored: 1
  }
}
