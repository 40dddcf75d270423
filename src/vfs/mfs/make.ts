import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { checkName, type Name, nameText } from '../../base/names.ts'
import type { Attributes, Caller } from '../api.ts'
import { fileType } from '../api.ts'
import type { Context } from './context.ts'
import { addDentry, findDentry, unfold } from './dentries.ts'
import { changeLinks, touchDirectory } from './dirty.ts'
import { attributesOf, type Inode, isDirectory, timeNow } from './inode.ts'
import { getDirectory, getInode, insertInode, storeInode } from './inodes.ts'
import { visitRange } from './ranges.ts'
import { currentAttributes } from './read.ts'

export interface NewInode {
  readonly mode: number
  readonly rdev: number
  readonly target: Uint8Array | null
  /** Opened for writing at once: with an empty draft. */
  readonly opened: boolean
}

const setGroupId = 0o2000
/** What a name and its inode cost the database at most, by rule of thumb: a dozen pages in its log. */
const rowBytes = 48 * 1024
/** And one of many names that are written one after the other. */
const dentryBytes = 100

/** A new name for a new inode; counts as a lookup. */
export function make(
  context: Context,
  parent: number,
  name: Name,
  wanted: NewInode,
  caller: Caller
): Attributes {
  checkName(name)
  context.numbers.prepare()
  let draft: number | null = null
  try {
    const inode = context.database.write(() => {
      const directory = enter(context, parent, name)
      if (wanted.opened) {
        draft = context.numbers.take()
        context.drafts.create(draft)
      }
      const made = newInode(context, directory, { ...wanted, draft }, caller)
      insertInode(context, made)
      addDentry(context, parent, name, { ino: made.ino, cookie: made.ino })
      touchDirectory(context, directory, isDirectory(made) ? 1 : 0)
      return made
    })
    context.lookups.add(inode.ino)
    return attributesOf(inode, undefined)
  } catch (error) {
    if (draft !== null) context.drafts.delete([draft])
    throw error
  }
}

/** The directory, unfolded, that will get the name. Throws `exists`, `no-space`; `not-found` if it was removed. */
export function enter(context: Context, parent: number, name: Name): Inode {
  const directory = getDirectory(context, parent)
  if (directory.links === 0) {
    throw new CairnError('not-found', `the directory for ${nameText(name)} was removed`)
  }
  if (findDentry(context, directory, name) !== undefined) {
    throw new CairnError('exists', `${nameText(name)} exists`)
  }
  const unfolding = directory.unfolded === 1 ? 0 : visitRange(context, directory).count
  spendOnRow(context, unfolding * dentryBytes)
  storeInode(context, directory)
  unfold(context, directory)
  return directory
}

/** Before rows are made for something, with so many bytes of its own: in the log and in the database. Throws `no-space`. */
export function spendOnRow(context: Context, bytes = 0): void {
  context.reserve.spend(rowBytes + 2 * bytes)
}

/** `directory`: where it will be, for the group it may hand on. */
export function newInode(
  context: Context,
  directory: Pick<Inode, 'mode' | 'gid'>,
  wanted: NewInode & { readonly draft: number | null },
  caller: Caller
): Inode {
  const { seconds, nanoseconds } = timeNow(context.clock)
  const inheritsGroup = (directory.mode & setGroupId) !== 0
  const isFolder = (wanted.mode & fileType.mask) === fileType.directory
  return {
    ino: context.numbers.take(),
    mode: isFolder && inheritsGroup ? wanted.mode | setGroupId : wanted.mode,
    links: isFolder ? 2 : 1,
    uid: caller.uid,
    gid: inheritsGroup ? directory.gid : caller.gid,
    rdev: wanted.rdev,
    size: wanted.target?.byteLength ?? 0,
    atimeSeconds: seconds,
    atimeNanoseconds: nanoseconds,
    mtimeSeconds: seconds,
    mtimeNanoseconds: nanoseconds,
    ctimeSeconds: seconds,
    ctimeNanoseconds: nanoseconds,
    dirty: 1,
    generation: 1,
    writers: wanted.opened ? 1 : 0,
    unfolded: isFolder ? 1 : 0,
    draft: wanted.draft,
    codec: null,
    multihash: null,
    cidVersion: null,
    dagBytes: null,
    target: wanted.target,
    stored: 1
  }
}

/** The modes `makeNode` takes: everything but directories and symlinks. */
export function checkNodeMode(mode: number): void {
  const type = mode & fileType.mask
  if (type === fileType.directory || type === fileType.symlink || type === 0) {
    throw new CairnError('invalid', `mode ${mode.toString(8)} is no node's`)
  }
}

export function makeSymlink(
  context: Context,
  parent: number,
  name: Name,
  target: Uint8Array,
  caller: Caller
): Attributes {
  if (target.byteLength === 0) throw new CairnError('not-found', 'a symlink to nothing')
  if (target.byteLength >= limits.symlinkBytes) {
    throw new CairnError('name-too-long', `a symlink's target of ${target.byteLength} bytes`)
  }
  const mode = fileType.symlink | 0o777
  // A copy: the caller's bytes may lie in a buffer that is used again.
  const wanted = { mode, rdev: 0, target: Uint8Array.from(target), opened: false }
  return make(context, parent, name, wanted, caller)
}

/**
 * A further name for an inode, or the first for one of `makeTemporary`; counts as a lookup. Whether an
 * inode that lost its last name may get one again is for the kernel to say, which forbids it.
 */
export function makeLink(context: Context, ino: number, parent: number, name: Name): Attributes {
  checkName(name)
  context.numbers.prepare()
  context.database.write(() => {
    const inode = getInode(context, ino)
    if (isDirectory(inode)) {
      throw new CairnError(
        'not-permitted',
        'a directory has one name: hard links to it are not made'
      )
    }
    const directory = enter(context, parent, name)
    storeInode(context, inode)
    changeLinks(context, ino, '+ 1')
    if (inode.links === 0) adopted(context)
    addDentry(context, parent, name, { ino, cookie: context.numbers.take() })
    touchDirectory(context, directory, 0)
  })
  context.lookups.add(ino)
  return currentAttributes(context, ino)
}

/** One orphan fewer, once that is certain. */
export function adopted(context: Context): void {
  context.database.afterTransaction(done => done && context.lookups.countOrphans(-1))
}
