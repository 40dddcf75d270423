import type { Attributes } from '../api.ts'
import type { Validators } from './api.ts'
import type { Context } from './context.ts'
import type { Inode } from './inode.ts'
import { getInode } from './inodes.ts'
import { cidOf } from './xattrs.ts'

type Known = Pick<Inode, 'dirty' | 'generation' | 'codec' | 'multihash' | 'cidVersion'>

/**
 * The version names an inode, how often it was opened, closed or changed, its size and the time of
 * its last write. Sealing, which changes nothing, does not change it.
 */
export function validatorsOf(context: Context, attributes: Attributes): Validators {
  const { ino, size, mtimeSeconds, mtimeNanoseconds } = attributes
  const row = context.database
    .statement('SELECT dirty, generation, codec, multihash, cidVersion FROM inodes WHERE ino = ?')
    .get(ino) as Known | undefined
  const inode = row ?? getInode(context, ino)
  const version = [ino, inode.generation, size, mtimeSeconds, mtimeNanoseconds]
    .map(number => number.toString(36))
    .join('-')
  return { cid: cidOf(inode), version }
}
