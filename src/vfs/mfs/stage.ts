import { CairnError } from '../../base/errors.ts'
import { checkName, type Name, nameText } from '../../base/names.ts'
import { type Attributes, type Caller, fileType } from '../api.ts'
import type { Context } from './context.ts'
import { addDentry, deleteDentry, findDentry, unfold } from './dentries.ts'
import { touchDirectory } from './dirty.ts'
import { attributesOf, type Inode, isDirectory, isRegular, timeNow } from './inode.ts'
import { getDirectory, getInode, insertInode, storeInode } from './inodes.ts'
import { adopted, newInode, spendOnRow } from './make.ts'
import { currentAttributes } from './read.ts'
import { dropLink } from './remove.ts'

/**
 * A regular file that no directory names, open for writing: it is an orphan from the start, so a
 * crash, or a release and a forget, leaves nothing of it.
 */
export function stageFile(context: Context, mode: number, caller: Caller): Attributes {
  return stage(context, { mode: 0, gid: caller.gid }, mode, caller)
}

/** As `stageFile`, of the group that a directory hands on. Throws `not-directory`. */
export function makeTemporary(
  context: Context,
  parent: number,
  mode: number,
  caller: Caller
): Attributes {
  return stage(context, getDirectory(context, parent), mode, caller)
}

function stage(
  context: Context,
  directory: Pick<Inode, 'mode' | 'gid'>,
  mode: number,
  caller: Caller
): Attributes {
  spendOnRow(context)
  context.numbers.prepare()
  const draft = context.numbers.take()
  const wanted = {
    mode: fileType.regular | (mode & 0o7777),
    rdev: 0,
    target: null,
    opened: true,
    draft
  }
  const inode = {
    ...newInode(context, directory, wanted, caller),
    links: 0
  }
  try {
    context.drafts.create(draft)
    context.database.write(() => insertInode(context, inode))
  } catch (error) {
    context.drafts.delete([draft])
    throw error
  }
  context.lookups.add(inode.ino)
  context.lookups.countOrphans(1)
  return attributesOf(inode, undefined)
}

/**
 * Gives a staged file its name. A file that had the name loses it, and hands on its mode, owner and
 * extended attributes; whoever holds that one open still reads it.
 */
export function adoptFile(context: Context, ino: number, parent: number, name: Name): Attributes {
  checkName(name)
  context.numbers.prepare()
  context.database.write(() => {
    const staged = getInode(context, ino)
    if (staged.links !== 0 || !isRegular(staged)) {
      throw new CairnError('invalid', `inode ${ino} is no staged file`)
    }
    const directory = getDirectory(context, parent)
    if (directory.links === 0) {
      throw new CairnError('not-found', `the directory for ${nameText(name)} was removed`)
    }
    take(context, staged, directory, name)
    adopted(context)
  })
  return currentAttributes(context, ino)
}

function take(context: Context, staged: Inode, directory: Inode, name: Name): void {
  const standing = findDentry(context, directory, name)
  const before = standing === undefined ? undefined : getInode(context, standing.ino)
  if (before !== undefined && isDirectory(before)) {
    throw new CairnError('is-directory', `${nameText(name)} is a directory`)
  }
  storeInode(context, directory)
  unfold(context, directory)
  if (before !== undefined) {
    inherit(context, before, staged)
    deleteDentry(context, directory.ino, name)
  }
  const cookie = standing?.cookie ?? context.numbers.take()
  addDentry(context, directory.ino, name, { ino: staged.ino, cookie })
  const now = timeNow(context.clock)
  context.database
    .statement(
      `UPDATE inodes SET links = 1, ctimeSeconds = ?, ctimeNanoseconds = ?,
       generation = generation + 1 WHERE ino = ?`
    )
    .run(now.seconds, now.nanoseconds, staged.ino)
  touchDirectory(context, directory, 0)
  if (before !== undefined) dropLink(context, before)
}

function inherit(context: Context, before: Inode, staged: Inode): void {
  const { database } = context
  if (isRegular(before)) {
    database
      .statement('UPDATE inodes SET mode = ?, uid = ?, gid = ? WHERE ino = ?')
      .run(before.mode, before.uid, before.gid, staged.ino)
  }
  database
    .statement('INSERT OR REPLACE INTO xattrs SELECT ?, name, value FROM xattrs WHERE ino = ?')
    .run(staged.ino, before.ino)
}
