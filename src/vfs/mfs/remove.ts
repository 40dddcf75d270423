import { CairnError } from '../../base/errors.ts'
import { checkName, type Name, nameText } from '../../base/names.ts'
import type { Context } from './context.ts'
import { rootIno } from './context.ts'
import { deleteDentry, getDentry, isEmpty, unfold } from './dentries.ts'
import { changeLinks, touchDirectory } from './dirty.ts'
import type { Inode } from './inode.ts'
import { isDirectory } from './inode.ts'
import { findRow, getDirectory, getInode, storeInode } from './inodes.ts'
import { discardDraft, emptyTrashIfFull } from './trash.ts'

/** unlink(2) or rmdir(2), as `kind` says. */
export function remove(
  context: Context,
  parent: number,
  name: Name,
  kind: 'file' | 'directory'
): void {
  checkName(name)
  context.database.write(() => {
    const directory = getDirectory(context, parent)
    const { ino } = getDentry(context, directory, name)
    const inode = getInode(context, ino)
    checkKind(context, inode, name, kind)
    storeInode(context, directory)
    unfold(context, directory)
    deleteDentry(context, parent, name)
    touchDirectory(context, directory, kind === 'directory' ? -1 : 0)
    dropLink(context, inode)
  })
  emptyTrashIfFull(context)
}

function checkKind(context: Context, inode: Inode, name: Name, kind: 'file' | 'directory'): void {
  if (kind === 'file') {
    if (isDirectory(inode)) throw new CairnError('is-directory', `${nameText(name)} is a directory`)
    return
  }
  if (!isDirectory(inode)) {
    throw new CairnError('not-directory', `${nameText(name)} is no directory`)
  }
  if (!isEmpty(context, inode)) {
    throw new CairnError('not-empty', `the directory ${nameText(name)} is not empty`)
  }
}

/** Inside a transaction, after its dentry went: one link fewer, and with the last one it is gone or an orphan. */
export function dropLink(context: Context, inode: Inode): void {
  const { ino } = inode
  if (!isDirectory(inode) && inode.links > 1) {
    changeLinks(context, ino, '- 1')
    return
  }
  if (!context.lookups.held(ino) && inode.writers === 0) {
    purge(context, inode)
    return
  }
  storeInode(context, inode)
  changeLinks(context, ino, '* 0')
  context.lookups.countOrphans(1)
}

/** Inside a transaction: nothing remains of an inode. Its draft goes when the transaction is durable. */
export function purge(context: Context, inode: Inode): void {
  const { database } = context
  const { ino, draft } = inode
  database.statement('DELETE FROM inodes WHERE ino = ?').run(ino)
  database.statement('DELETE FROM xattrs WHERE ino = ?').run(ino)
  if (isDirectory(inode)) {
    database.statement('DELETE FROM mfs_ranges WHERE directory = ?').run(ino)
  }
  if (draft !== null) discardDraft(context, draft)
}

/**
 * The kernel's FORGET. Orphans that take little room are purged many at a time: a transaction for
 * each would make up half of what unlink costs.
 */
export function forget(context: Context, ino: number, lookups: number): void {
  context.lookups.subtract(ino, lookups)
  if (context.lookups.orphans === 0 || ino === rootIno) return
  if (!isLight(context, ino)) purgeOrphan(context, ino)
  else if (context.lookups.orphans >= context.lookups.sweepAt) sweepOrphans(context)
}

/** False for an orphan whose draft is a file. */
function isLight({ database }: Context, ino: number): boolean {
  const heavy = database
    .statement(
      `SELECT 1 FROM inodes WHERE ino = ? AND links = 0 AND draft IS NOT NULL AND NOT EXISTS
       (SELECT 1 FROM mfs_small_drafts WHERE mfs_small_drafts.draft = inodes.draft)`
    )
    .get(ino)
  return heavy === undefined
}

/**
 * Purges an inode without names if nobody uses it. A failure is left to the next sweep: the caller
 * has nobody to tell.
 */
export function purgeOrphan(context: Context, ino: number): void {
  try {
    if (context.lookups.held(ino) || !isOrphan(findRow(context, ino))) return
    context.database.write(() => purgeUnused(context, ino))
    emptyTrashIfFull(context)
  } catch {
    return
  }
}

/** Inside a transaction. */
function purgeUnused(context: Context, ino: number): void {
  const inode = findRow(context, ino)
  if (context.lookups.held(ino) || !isOrphan(inode)) return
  purge(context, inode)
  context.database.afterTransaction(done => done && context.lookups.countOrphans(-1))
}

function isOrphan(inode: Inode | undefined): inode is Inode {
  return inode !== undefined && inode.links === 0 && inode.writers === 0
}

/**
 * Purges all orphans that nobody uses; those too whose last forget came while another inode of their
 * counter was held. A failure is left to the next sweep.
 */
export function sweepOrphans(context: Context): void {
  const { database, lookups } = context
  if (lookups.orphans === 0) return
  try {
    database.write(() => {
      const orphans = database.statement('SELECT ino FROM inodes WHERE links = 0').all()
      for (const { ino } of orphans as Array<{ ino: number }>) purgeUnused(context, ino)
    })
    emptyTrashIfFull(context)
  } catch {
    return
  } finally {
    lookups.swept()
  }
}
