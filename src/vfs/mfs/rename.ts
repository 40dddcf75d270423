import { CairnError } from '../../base/errors.ts'
import { checkName, type Name, nameText } from '../../base/names.ts'
import type { RenameOptions } from '../api.ts'
import type { Context } from './context.ts'
import {
  type Dentry,
  deleteDentry,
  findDentry,
  isEmpty,
  isWithin,
  moveDentry,
  notFound,
  pointDentry,
  unfold
} from './dentries.ts'
import { touchDirectory, touchTimes } from './dirty.ts'
import { type Inode, isDirectory } from './inode.ts'
import { getDirectory, getInode, storeInode } from './inodes.ts'
import { dropLink } from './remove.ts'
import { emptyTrashIfFull } from './trash.ts'

/** One side of a rename. `inode` is undefined where the new name is free. */
interface Side {
  readonly directory: Inode
  readonly name: Name
  readonly dentry: Dentry | undefined
  readonly inode: Inode | undefined
}

/** rename(2) and renameat2(2), in one transaction. */
export function rename(
  context: Context,
  parent: number,
  name: Name,
  newParent: number,
  newName: Name,
  { mode }: RenameOptions
): void {
  checkName(name)
  checkName(newName)
  context.numbers.prepare()
  context.database.write(() => {
    const from = sideOf(context, parent, name)
    const to = sideOf(context, newParent, newName, from.directory)
    const source = from.inode
    if (source === undefined) throw notFound(name)
    if (mode === 'no-replace' && to.inode !== undefined) {
      throw new CairnError('exists', `${nameText(newName)} exists`)
    }
    checkLoops(context, source, from, to, mode)
    if (mode === 'exchange') exchange(context, from, to)
    else if (to.inode?.ino !== source.ino) replace(context, from, source, to)
  })
  emptyTrashIfFull(context)
}

/** `known`: a directory that may be the same. */
function sideOf(context: Context, parent: number, name: Name, known?: Inode): Side {
  const directory = known?.ino === parent ? known : getDirectory(context, parent)
  const dentry = findDentry(context, directory, name)
  const inode = dentry === undefined ? undefined : getInode(context, dentry.ino)
  return { directory, name, dentry, inode }
}

function checkLoops(
  context: Context,
  source: Inode,
  from: Side,
  to: Side,
  mode: RenameOptions['mode']
): void {
  if (to.directory.links === 0) {
    throw new CairnError('not-found', `the directory for ${nameText(to.name)} was removed`)
  }
  if (isDirectory(source) && isWithin(context, to.directory.ino, source.ino)) {
    throw new CairnError('invalid', `${nameText(from.name)} cannot be moved into itself`)
  }
  if (mode !== 'exchange') return
  if (to.inode === undefined) throw new CairnError('not-found', `there is no ${nameText(to.name)}`)
  if (isDirectory(to.inode) && isWithin(context, from.directory.ino, to.inode.ino)) {
    throw new CairnError('invalid', `${nameText(to.name)} cannot be moved into itself`)
  }
}

/** Moves the name; what stood under the new one loses it. Within a directory the cookie stays. */
function replace(context: Context, from: Side, source: Inode, to: Side): void {
  checkReplaceable(context, source, to)
  const same = from.directory.ino === to.directory.ino
  open(context, from, to)
  if (to.inode !== undefined) deleteDentry(context, to.directory.ino, to.name)
  const cookie = same && from.dentry !== undefined ? from.dentry.cookie : context.numbers.take()
  moveDentry(context, from.directory.ino, from.name, to.directory.ino, to.name, cookie)
  settle(context, source)
  const moved = isDirectory(source) ? 1 : 0
  const replaced = to.inode !== undefined && isDirectory(to.inode) ? 1 : 0
  touchDirectory(context, from.directory, same ? -replaced : -moved)
  if (!same) touchDirectory(context, to.directory, moved - replaced)
  if (to.inode !== undefined) dropLink(context, to.inode)
}

function checkReplaceable(context: Context, source: Inode, to: Side): void {
  const { inode, name } = to
  if (inode === undefined) return
  if (isDirectory(source)) {
    if (!isDirectory(inode)) {
      throw new CairnError('not-directory', `${nameText(name)} is no directory`)
    }
    if (!isEmpty(context, inode)) {
      throw new CairnError('not-empty', `the directory ${nameText(name)} is not empty`)
    }
  } else if (isDirectory(inode)) {
    throw new CairnError('is-directory', `${nameText(name)} is a directory`)
  }
}

function exchange(context: Context, from: Side, to: Side): void {
  const [one, other] = [from.inode, to.inode]
  if (one === undefined || other === undefined || one.ino === other.ino) return
  open(context, from, to)
  pointDentry(context, from.directory.ino, from.name, other.ino)
  pointDentry(context, to.directory.ino, to.name, one.ino)
  settle(context, one)
  settle(context, other)
  const change = Number(isDirectory(other)) - Number(isDirectory(one))
  const same = from.directory.ino === to.directory.ino
  touchDirectory(context, from.directory, same ? 0 : change)
  if (!same) touchDirectory(context, to.directory, -change)
}

function open(context: Context, from: Side, to: Side): void {
  storeInode(context, from.directory)
  unfold(context, from.directory)
  if (from.directory.ino === to.directory.ino) return
  storeInode(context, to.directory)
  unfold(context, to.directory)
}

/** Its name changed now; what of it is not sealed is below dirty directories, as both sides are. */
function settle(context: Context, inode: Inode): void {
  storeInode(context, inode)
  touchTimes(context, inode.ino, false)
}
