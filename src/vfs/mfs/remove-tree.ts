import { checkName, type Name } from '../../base/names.ts'
import type { Context } from './context.ts'
import { deleteDentry, getDentry, unfold } from './dentries.ts'
import { touchDirectory } from './dirty.ts'
import { type Inode, isDirectory } from './inode.ts'
import { findRow, getDirectory, getInode, storeInode } from './inodes.ts'
import { rangeOfDirectory } from './ranges.ts'
import { dropLink } from './remove.ts'
import { emptyTrashIfFull } from './trash.ts'

/**
 * Unlinks a name and, if it is a directory, all below it, in one transaction. What nobody unfolded
 * costs nothing; each inode with a row costs its removal. What is still looked up stays usable.
 */
export function removeTree(context: Context, parent: number, name: Name): void {
  checkName(name)
  context.database.write(() => {
    const directory = getDirectory(context, parent)
    const { ino } = getDentry(context, directory, name)
    const inode = getInode(context, ino)
    storeInode(context, directory)
    unfold(context, directory)
    deleteDentry(context, parent, name)
    touchDirectory(context, directory, isDirectory(inode) ? -1 : 0)
    drop(context, inode)
  })
  emptyTrashIfFull(context)
}

function drop(context: Context, inode: Inode): void {
  for (const stack = [inode]; ; ) {
    const next = stack.pop()
    if (next === undefined) return
    if (isDirectory(next)) stack.push(...emptied(context, next))
    dropLink(context, next)
    if (isDirectory(next)) showEmpty(context, next.ino)
  }
}

/** A removed directory that somebody still looks at has no entries, not those of its block. */
function showEmpty(context: Context, ino: number): void {
  context.database.statement('UPDATE inodes SET unfolded = 1 WHERE ino = ?').run(ino)
}

/** Takes the names of a directory away; the inodes they led to that anyone could still ask for. */
function emptied(context: Context, directory: Inode): Inode[] {
  return directory.unfolded === 1
    ? emptiedDentries(context, directory)
    : heldInRange(context, directory)
}

function emptiedDentries(context: Context, { ino }: Inode): Inode[] {
  const rows = context.database
    .statement('DELETE FROM dentries WHERE parent = ? RETURNING ino')
    .all(ino) as Array<{ ino: number }>
  return rows.map(row => row.ino).flatMap(child => inodeWorthDropping(context, child))
}

function heldInRange(context: Context, directory: Inode): Inode[] {
  const range = rangeOfDirectory(context, directory.ino)
  if (range === undefined) return []
  const inodes: Inode[] = []
  for (let ino = range.base; ino < range.base + range.count; ino++) {
    inodes.push(...inodeWorthDropping(context, ino))
  }
  context.database.statement('DELETE FROM mfs_ranges WHERE directory = ?').run(directory.ino)
  return inodes
}

/** Of an inode without a row, a range or a lookup nothing would remain to be dropped. */
function inodeWorthDropping(context: Context, ino: number): Inode[] {
  const row = findRow(context, ino)
  if (row !== undefined) return [row]
  const known = context.lookups.held(ino) || rangeOfDirectory(context, ino) !== undefined
  return known ? [getInode(context, ino)] : []
}
