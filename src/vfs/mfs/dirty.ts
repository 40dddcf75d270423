import { announce } from './announce.ts'
import type { Context } from './context.ts'
import { parentsOf } from './dentries.ts'
import { type Inode, timeNow } from './inode.ts'
import { getInode, storeInode } from './inodes.ts'

const moved = 'generation = generation + 1'

/**
 * Inside a transaction: the inode is no longer what its blocks say, nor are the directories above.
 *
 * An inode that turns dirty also moves the generation of its directories, dirty or not: a seal
 * under way that saw it clean will not call them clean. One that was dirty already need not: that
 * seal has it in its plan, finds its generation moved, and leaves all above it dirty. Its flag is not
 * set again either: SQLite would write a page of the index of dirty inodes anew.
 */
export function markDirty(context: Context, inode: Inode): void {
  storeInode(context, inode)
  const change = inode.dirty === 1 ? moved : `dirty = 1, ${moved}`
  context.database.statement(`UPDATE inodes SET ${change} WHERE ino = ?`).run(inode.ino)
  if (inode.dirty === 1) return
  for (const parent of parentsOf(context, inode.ino)) {
    markDirty(context, getInode(context, parent))
  }
}

/** Inside a transaction: the names of a directory changed now. `links`: subdirectories more or fewer. */
export function touchDirectory(context: Context, directory: Inode, links: number): void {
  if (directory.dirty === 0) markDirty(context, directory)
  touchTimes(context, directory.ino, true)
  if (links === 0) return
  context.database
    .statement('UPDATE inodes SET links = links + ? WHERE ino = ? AND links > 1')
    .run(links, directory.ino)
}

/** Inside a transaction: sets ctime, and with `modified` mtime, to now. The row must be there. */
export function touchTimes(context: Context, ino: number, modified: boolean): void {
  const { seconds, nanoseconds } = timeNow(context.clock)
  announce(context, { ino })
  if (modified) {
    context.database
      .statement(
        `UPDATE inodes SET mtimeSeconds = ?1, mtimeNanoseconds = ?2, ctimeSeconds = ?1,
         ctimeNanoseconds = ?2, generation = generation + 1 WHERE ino = ?3`
      )
      .run(seconds, nanoseconds, ino)
    return
  }
  context.database
    .statement(
      'UPDATE inodes SET ctimeSeconds = ?, ctimeNanoseconds = ?, generation = generation + 1 WHERE ino = ?'
    )
    .run(seconds, nanoseconds, ino)
}

/** Inside a transaction: a name more or fewer, or none left, which is a change of the inode now. The row must be there. */
export function changeLinks(context: Context, ino: number, change: '+ 1' | '- 1' | '* 0'): void {
  const { seconds, nanoseconds } = timeNow(context.clock)
  announce(context, { ino })
  context.database
    .statement(
      `UPDATE inodes SET links = links ${change}, ctimeSeconds = ?, ctimeNanoseconds = ?,
       generation = generation + 1 WHERE ino = ?`
    )
    .run(seconds, nanoseconds, ino)
}
