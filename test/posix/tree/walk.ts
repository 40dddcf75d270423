import { CairnError, toCairnError } from '../../../src/base/errors.ts'
import type { Name } from '../../../src/base/names.ts'
import { errno, errnoOf } from '../../../src/fuse/errno.ts'
import { type Attributes, fileType, type Ino, type WritableTree } from '../../../src/vfs/api.ts'
import { Errno, type User } from '../posix.ts'

const pathBytes = 4096
const mostSymlinks = 40

const errnoNames = new Map<number, string>(
  Object.entries(errno).map(([name, number]) => [number, name])
)

/** Calls the tree; its errors become what a door would answer. */
export function asking<T>(call: () => T): T {
  try {
    return call()
  } catch (cause) {
    if (cause instanceof Errno) throw cause
    if (!(cause instanceof CairnError)) throw cause
    throw new Errno(errnoNames.get(errnoOf[toCairnError(cause).code]) ?? 'EIO')
  }
}

export function isFolder({ mode }: Attributes): boolean {
  return (mode & fileType.mask) === fileType.directory
}

export function isLink({ mode }: Attributes): boolean {
  return (mode & fileType.mask) === fileType.symlink
}

export const rights = { read: 4, write: 2, search: 1 } as const

/** Whether a user has all the rights: inode(7), and root what capabilities(7) gives. */
export function mayDo(user: User, attributes: Attributes, wanted: number): boolean {
  const { mode, uid, gid } = attributes
  if (user.uid === 0) {
    return (wanted & rights.search) === 0 || isFolder(attributes) || (mode & 0o111) !== 0
  }
  const inGroup = user.gid === gid || user.groups.includes(gid)
  const shift = user.uid === uid ? 6 : inGroup ? 3 : 0
  return ((mode >> shift) & wanted) === wanted
}

export function demand(user: User, attributes: Attributes, wanted: number): void {
  if (!mayDo(user, attributes, wanted)) throw new Errno('EACCES')
}

/** Where a path ends before its last name is looked up. */
export interface Place {
  readonly folder: Attributes
  /** `.`, `..` and, of the root itself, the empty name included. */
  readonly name: string
  /** A slash follows: it must be a folder. */
  readonly slash: boolean
}

/** Walks paths as the kernel does: https://man7.org/linux/man-pages/man7/path_resolution.7.html */
export class Walker {
  readonly tree: WritableTree
  user: User
  cwd: Ino
  /** Looked up by the call under way, each to be forgotten once when it ends. */
  borrowed: Ino[] = []
  #links = 0

  constructor(tree: WritableTree, user: User) {
    this.tree = tree
    this.user = user
    this.cwd = tree.root
  }

  /** Runs one call; the lookups it made are forgotten, but for those it keeps. */
  call<T>(run: () => T): T {
    this.#links = 0
    try {
      return asking(run)
    } finally {
      const done = this.borrowed
      this.borrowed = []
      for (const ino of done) this.tree.forget(ino, 1)
    }
  }

  /** A lookup that the call's end does not forget. */
  retain(ino: Ino): void {
    this.borrowed.splice(this.borrowed.indexOf(ino), 1)
  }

  borrow(attributes: Attributes): Attributes {
    this.borrowed.push(attributes.ino)
    return attributes
  }

  place(path: string, from = this.cwd): Place {
    if (path === '') throw new Errno('ENOENT')
    if (path.length >= pathBytes) throw new Errno('ENAMETOOLONG')
    let folder = this.tree.attributes(path.startsWith('/') ? this.tree.root : from)
    const parts = path.split('/').filter(part => part !== '')
    for (const part of parts.slice(0, -1)) {
      demand(this.user, folder, rights.search)
      folder = this.#enter(folder, part)
    }
    demand(this.user, folder, rights.search)
    return { folder, name: parts.at(-1) ?? '', slash: path.endsWith('/') }
  }

  #enter(folder: Attributes, part: string): Attributes {
    const found = this.#followed(folder, this.look(folder, part))
    if (!isFolder(found)) throw new Errno('ENOTDIR')
    return found
  }

  /** What a name is, symlinks as themselves. */
  look(folder: Attributes, name: string): Attributes {
    if (name === '.' || name === '') return folder
    if (name === '..') return this.tree.attributes(this.tree.parent(folder.ino))
    return this.borrow(asking(() => this.tree.lookup(folder.ino, name as Name)))
  }

  /** As `look`; undefined where there is nothing. */
  lookIfThere(folder: Attributes, name: string): Attributes | undefined {
    try {
      return this.look(folder, name)
    } catch (cause) {
      if (cause instanceof Errno && cause.name === 'ENOENT') return undefined
      throw cause
    }
  }

  #followed(folder: Attributes, found: Attributes): Attributes {
    return isLink(found) ? this.#find(this.placeBehind(folder, found), true) : found
  }

  /** Where a symlink of a folder leads. */
  placeBehind(folder: Attributes, link: Attributes): Place {
    if (++this.#links > mostSymlinks) throw new Errno('ELOOP')
    const target = Buffer.from(this.tree.readLink(link.ino)).toString('latin1')
    return this.place(target, folder.ino)
  }

  #find({ folder, name, slash }: Place, follow: boolean): Attributes {
    const last = this.look(folder, name)
    const found = follow || slash ? this.#followed(folder, last) : last
    if (slash && !isFolder(found)) throw new Errno('ENOTDIR')
    return found
  }

  /** The inode a path leads to. */
  find(path: string, follow: boolean): Attributes {
    return this.#find(this.place(path), follow)
  }
}
