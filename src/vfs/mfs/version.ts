import type { Attributes } from '../api.ts'
import type { Validators } from './api.ts'
import type { Context } from './context.ts'
import { getInode } from './inodes.ts'
import { cidOf } from './xattrs.ts'

/**
 * The version names an inode, how often it was opened, closed or changed, its size and the time of
 * its last write. Sealing, which changes nothing, does not change it.
 */
export function validatorsOf(context: Context, attributes: Attributes): Validators {
  const { ino, size, mtimeSeconds, mtimeNanoseconds } = attributes
  const inode = context.listed.get(attributes) ?? getInode(context, ino)
  const version = [ino, inode.generation, size, mtimeSeconds, mtimeNanoseconds]
    .map(number => number.toString(36))
    .join('-')
  return { cid: cidOf(inode), version }
}
