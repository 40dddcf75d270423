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

function drop(context: Context, top: Inode): void {
  storeInode(context, top)
  for (const stack = [top.ino]; ; ) {
    const ino = stack.pop()
    if (ino === undefined) return
    // Not as it was when its directory was emptied: another of its names may have gone since.
    const inode = findRow(context, ino)
    if (inode === undefined) continue
    if (isDirectory(inode)) for (const below of emptied(context, inode)) stack.push(below)
    dropLink(context, inode)
    if (isDirectory(inode)) showEmpty(context, ino)
  }
}

/** A removed directory that somebody still looks at has no entries, not those of its block. */
function showEmpty(context: Context, ino: number): void {
  context.database.statement('UPDATE inodes SET unfolded = 1 WHERE ino = ?').run(ino)
}

/** Takes the names of a directory away; the inodes they led to that anyone could still ask for, with rows. */
function emptied(context: Context, directory: Inode): number[] {
  return directory.unfolded === 1
    ? emptiedDentries(context, directory)
    : emptiedRange(context, directory)
}

function emptiedDentries(context: Context, { ino }: Inode): number[] {
  const rows = context.database
    .statement('DELETE FROM dentries WHERE parent = ? RETURNING ino')
    .all(ino) as Array<{ ino: number }>
  return rows.map(row => row.ino).filter(child => storeIfKnown(context, child))
}

function emptiedRange(context: Context, directory: Inode): number[] {
  const range = rangeOfDirectory(context, directory.ino)
  if (range === undefined) return []
  const inos: number[] = []
  for (let ino = range.base; ino < range.base + range.count; ino++) {
    if (storeIfKnown(context, ino)) inos.push(ino)
  }
  context.database.statement('DELETE FROM mfs_ranges WHERE directory = ?').run(directory.ino)
  return inos
}

/** False for an inode without a row, a range or a lookup: nothing would remain of it to be dropped. */
function storeIfKnown(context: Context, ino: number): boolean {
  if (findRow(context, ino) !== undefined) return true
  const known = context.lookups.held(ino) || rangeOfDirectory(context, ino) !== undefined
  if (known) storeInode(context, getInode(context, ino))
  return known
}
