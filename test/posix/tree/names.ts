import type { Name } from '../../../src/base/names.ts'
import { type Attributes, fileType, type RenameOptions } from '../../../src/vfs/api.ts'
import { Errno, type Posix } from '../posix.ts'
import { grantedMode } from './files.ts'
import { demand, isFolder, type Place, rights, type Walker } from './walk.ts'

const modes: Readonly<Record<number, RenameOptions['mode']>> = {
  0: 'replace',
  1: 'no-replace',
  2: 'exchange'
}
const sticky = 0o1000
const intoFolder = rights.write | rights.search

type NameCalls = Pick<
  Posix,
  | 'makeDirectory'
  | 'makeNode'
  | 'makeSymlink'
  | 'makeLink'
  | 'unlink'
  | 'removeDirectory'
  | 'rename'
  | 'readLink'
>

/** What the kernel checks before it asks a file system to change names: fs/namei.c's order. */
export function nameCalls(walker: Walker, masked: (mode: number) => number): NameCalls {
  const { tree } = walker
  return {
    makeDirectory: (path, mode) =>
      walker.call(() => {
        const { folder, name } = freePlace(walker, path, true)
        walker.borrow(tree.makeDirectory(folder.ino, name, masked(mode) & 0o1777, walker.user))
      }),
    makeNode: (path, mode, device) =>
      walker.call(() => {
        const type = mode & fileType.mask
        if (type === fileType.directory) throw new Errno('EPERM')
        const { folder, name } = freePlace(walker, path, false)
        const isDevice = type === fileType.character || type === fileType.block
        if (isDevice && walker.user.uid !== 0) throw new Errno('EPERM')
        const granted = grantedMode(walker.user, folder, masked(mode & 0o7777))
        const full = (type === 0 ? fileType.regular : type) | granted
        walker.borrow(tree.makeNode(folder.ino, name, full, device, walker.user))
      }),
    makeSymlink: (target, path) =>
      walker.call(() => {
        if (target === '') throw new Errno('ENOENT')
        if (target.length >= 4096) throw new Errno('ENAMETOOLONG')
        const { folder, name } = freePlace(walker, path, false)
        const bytes = Buffer.from(target, 'latin1')
        walker.borrow(tree.makeSymlink(folder.ino, name, bytes, walker.user))
      }),
    makeLink: (path, newPath, follow) =>
      walker.call(() => {
        const found = walker.find(path, follow)
        const { folder, name } = freePlace(walker, newPath, false)
        if (isFolder(found)) throw new Errno('EPERM')
        walker.borrow(tree.makeLink(found.ino, folder.ino, name))
      }),
    unlink: path => walker.call(() => unlink(walker, path)),
    removeDirectory: path => walker.call(() => removeDirectory(walker, path)),
    rename: (path, newPath, flags) => walker.call(() => rename(walker, path, newPath, flags)),
    readLink: path =>
      walker.call(() => Buffer.from(tree.readLink(walker.find(path, false).ino)).toString('latin1'))
  }
}

type Free = { readonly folder: Attributes; readonly name: Name }

function isPlain(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..'
}

/** Where a new name goes. */
function freePlace(walker: Walker, path: string, folders: boolean): Free {
  const { folder, name, slash } = walker.place(path)
  if (!isPlain(name)) throw new Errno('EEXIST')
  if (walker.lookIfThere(folder, name) !== undefined) throw new Errno('EEXIST')
  if (slash && !folders) throw new Errno('ENOENT')
  demand(walker.user, folder, intoFolder)
  return { folder, name: name as Name }
}

/** May a user take a name away: the folder's rights, and in a sticky one, what is his. */
function demandRemovable(walker: Walker, folder: Attributes, found: Attributes): void {
  demand(walker.user, folder, intoFolder)
  const { uid } = walker.user
  const owns = uid === 0 || uid === found.uid || uid === folder.uid
  if ((folder.mode & sticky) !== 0 && !owns) throw new Errno('EPERM')
}

function unlink(walker: Walker, path: string): void {
  const { folder, name, slash } = walker.place(path)
  if (!isPlain(name)) throw new Errno('EISDIR')
  const found = walker.look(folder, name)
  if (slash) throw new Errno(isFolder(found) ? 'EISDIR' : 'ENOTDIR')
  demandRemovable(walker, folder, found)
  walker.tree.remove(folder.ino, name as Name)
}

function removeDirectory(walker: Walker, path: string): void {
  const { folder, name } = walker.place(path)
  if (!isPlain(name)) {
    throw new Errno(
      ({ '.': 'EINVAL', '..': 'ENOTEMPTY' } as Record<string, string>)[name] ?? 'EBUSY'
    )
  }
  const found = walker.look(folder, name)
  demandRemovable(walker, folder, found)
  walker.tree.removeDirectory(folder.ino, name as Name)
}

function rename(walker: Walker, path: string, newPath: string, flags: number): void {
  const mode = modes[flags]
  if (mode === undefined) throw new Errno('EINVAL')
  const from = walker.place(path)
  const to = walker.place(newPath)
  if (!isPlain(from.name)) throw new Errno('EBUSY')
  if (!isPlain(to.name)) throw new Errno(mode === 'no-replace' ? 'EEXIST' : 'EBUSY')
  const source = walker.look(from.folder, from.name)
  const target = walker.lookIfThere(to.folder, to.name)
  if (mode === 'no-replace' && target !== undefined) throw new Errno('EEXIST')
  if (mode === 'exchange' && target === undefined) throw new Errno('ENOENT')
  if (mode === 'exchange' && target !== undefined && !isFolder(target) && to.slash) {
    throw new Errno('ENOTDIR')
  }
  checkSlashes(source, from, to, mode)
  if (isAbove(walker, source, to.folder)) throw new Errno('EINVAL')
  if (target !== undefined && isAbove(walker, target, from.folder)) {
    throw new Errno(mode === 'exchange' ? 'EINVAL' : 'ENOTEMPTY')
  }
  demandMovable(walker, source, from, to, target)
  checkKinds(source, target, mode)
  walker.tree.rename(from.folder.ino, from.name as Name, to.folder.ino, to.name as Name, { mode })
}

function checkSlashes(source: Attributes, from: Place, to: Place, mode: string): void {
  if (isFolder(source)) return
  if (from.slash || (mode !== 'exchange' && to.slash)) throw new Errno('ENOTDIR')
}

function isAbove(walker: Walker, folder: Attributes, below: Attributes): boolean {
  if (!isFolder(folder)) return false
  let ino = below.ino
  while (ino !== folder.ino && ino !== walker.tree.root) ino = walker.tree.parent(ino)
  return ino === folder.ino
}

function demandMovable(
  walker: Walker,
  source: Attributes,
  from: Place,
  to: Place,
  target: Attributes | undefined
): void {
  demandRemovable(walker, from.folder, source)
  const leaves = from.folder.ino !== to.folder.ino
  // What `..` leads to changes.
  if (leaves && isFolder(source)) demand(walker.user, source, rights.write)
  if (target === undefined) demand(walker.user, to.folder, intoFolder)
  else demandRemovable(walker, to.folder, target)
}

function checkKinds(source: Attributes, target: Attributes | undefined, mode: string): void {
  if (target === undefined || mode === 'exchange') return
  if (isFolder(source) && !isFolder(target)) throw new Errno('ENOTDIR')
  if (!isFolder(source) && isFolder(target)) throw new Errno('EISDIR')
}
