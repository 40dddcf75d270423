import type { Context } from './context.ts'
import { attributesOf } from './inode.ts'
import { getInode } from './inodes.ts'

/**
 * A word that differs whenever the content of a file does, as long as it lives: its number, how
 * often it was opened, closed or changed, its size and the time of its last write. Sealing, which
 * changes nothing, does not change it.
 */
export function versionOf(context: Context, ino: number): string {
  const inode = getInode(context, ino)
  const draft = inode.draft === null ? undefined : context.drafts.state(inode.draft)
  const { size, mtimeSeconds, mtimeNanoseconds } = attributesOf(inode, draft)
  return [ino, inode.generation, size, mtimeSeconds, mtimeNanoseconds]
    .map(number => number.toString(36))
    .join('-')
}
