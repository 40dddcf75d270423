import type { Validators } from './api.ts'
import type { Context } from './context.ts'
import { attributesOf } from './inode.ts'
import { getInode } from './inodes.ts'
import { cidOf } from './xattrs.ts'

/**
 * The version names an inode, how often it was opened, closed or changed, its size and the time of
 * its last write. Sealing, which changes nothing, does not change it.
 */
export function validatorsOf(context: Context, ino: number): Validators {
  const inode = getInode(context, ino)
  const draft = inode.draft === null ? undefined : context.drafts.state(inode.draft)
  const { size, mtimeSeconds, mtimeNanoseconds } = attributesOf(inode, draft)
  const version = [ino, inode.generation, size, mtimeSeconds, mtimeNanoseconds]
    .map(number => number.toString(36))
    .join('-')
  return { cid: cidOf(inode), version }
}
