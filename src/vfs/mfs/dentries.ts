import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { type Name, nameBytes, nameText } from '../../base/names.ts'
import { announce } from './announce.ts'
import type { Context } from './context.ts'
import { rootIno } from './context.ts'
import type { Inode } from './inode.ts'
import { findRow } from './inodes.ts'
import { linksOf, orderOf, rangeOfIno, visitRange } from './ranges.ts'

export interface Dentry {
  readonly ino: number
  readonly cookie: number
}

/** What a name of a directory leads to; of one in blocks, entry i has cookie i + 1, unfolded or not. */
export function findDentry(context: Context, directory: Inode, name: Name): Dentry | undefined {
  if (name.length > limits.nameBytes) {
    throw new CairnError(
      'name-too-long',
      `a name of ${name.length} bytes in inode ${directory.ino}`
    )
  }
  if (directory.unfolded === 1) {
    return context.database
      .statement('SELECT ino, cookie FROM dentries WHERE parent = ? AND name = ?')
      .get(directory.ino, nameBytes(name)) as Dentry | undefined
  }
  const range = visitRange(context, directory)
  const position = orderOf(context, range).find(name)?.position
  return position === undefined ? undefined : { ino: range.base + position, cookie: position + 1 }
}

/** As `findDentry`; throws `not-found`. */
export function getDentry(context: Context, directory: Inode, name: Name): Dentry {
  const dentry = findDentry(context, directory, name)
  if (dentry === undefined) throw notFound(name)
  return dentry
}

export function notFound(name: Name): CairnError {
  return new CairnError('not-found', `there is no ${nameText(name)}`)
}

/** Inside a transaction, before names of a directory change: makes rows of them. The row must be stored. */
export function unfold(context: Context, directory: Inode): void {
  if (directory.unfolded === 1) return
  const range = visitRange(context, directory)
  const insert = context.database.statement('INSERT INTO dentries VALUES (?, ?, ?, ?)')
  linksOf(context, range).forEach((link, position) => {
    insert.run(directory.ino, nameBytes(link.name), range.base + position, position + 1)
  })
  context.database.statement('UPDATE inodes SET unfolded = 1 WHERE ino = ?').run(directory.ino)
}

export function addDentry(context: Context, parent: number, name: Name, dentry: Dentry): void {
  context.database
    .statement('INSERT INTO dentries VALUES (?, ?, ?, ?)')
    .run(parent, nameBytes(name), dentry.ino, dentry.cookie)
  announce(context, { parent, name })
}

export function deleteDentry(context: Context, parent: number, name: Name): void {
  context.database
    .statement('DELETE FROM dentries WHERE parent = ? AND name = ?')
    .run(parent, nameBytes(name))
  announce(context, { parent, name })
}

/** To a name that is free, of either directory. */
export function moveDentry(
  context: Context,
  parent: number,
  name: Name,
  newParent: number,
  newName: Name,
  cookie: number
): void {
  context.database
    .statement('UPDATE dentries SET parent = ?, name = ?, cookie = ? WHERE parent = ? AND name = ?')
    .run(newParent, nameBytes(newName), cookie, parent, nameBytes(name))
  announce(context, { parent, name })
  announce(context, { parent: newParent, name: newName })
}

export function pointDentry(context: Context, parent: number, name: Name, ino: number): void {
  context.database
    .statement('UPDATE dentries SET ino = ? WHERE parent = ? AND name = ?')
    .run(ino, parent, nameBytes(name))
  announce(context, { parent, name })
}

export function isEmpty(context: Context, directory: Inode): boolean {
  if (directory.unfolded === 0) return visitRange(context, directory).count === 0
  const one = 'SELECT 1 FROM dentries WHERE parent = ? LIMIT 1'
  return context.database.statement(one).get(directory.ino) === undefined
}

/** The directories that name an inode: one for a directory, several for hard links, none for an orphan or the root. */
export function parentsOf(context: Context, ino: number): number[] {
  const rows = context.database
    .statement('SELECT DISTINCT parent FROM dentries WHERE ino = ?')
    .all(ino) as Array<{ parent: number }>
  const parents = rows.map(row => row.parent)
  const range = rangeOfIno(context, ino)
  if (range === undefined || parents.includes(range.directory)) return parents
  const folded = (findRow(context, range.directory)?.unfolded ?? 0) === 0
  return folded ? [...parents, range.directory] : parents
}

/** The directory above a directory; the root's, and an orphan's, is the root. */
export function parentOf(context: Context, ino: number): number {
  return ino === rootIno ? rootIno : (parentsOf(context, ino)[0] ?? rootIno)
}

/** True if `ino` is `ancestor` or lies below it. */
export function isWithin(context: Context, ino: number, ancestor: number): boolean {
  let current = ino
  while (current !== rootIno && current !== ancestor) current = parentOf(context, current)
  return current === ancestor
}
