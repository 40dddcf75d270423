import type { Name } from '../../../src/base/names.ts'
import { type Attributes, fileType, type Ino } from '../../../src/vfs/api.ts'
import { type Entry, Errno, open, type Posix, type User } from '../posix.ts'
import { demand, isFolder, isLink, mayDo, type Place, rights, type Walker } from './walk.ts'

/** An open file description. */
interface Opened {
  readonly ino: Ino
  readonly flags: number
  position: number
}

const setIds = { user: 0o4000, group: 0o2000, runByGroup: 0o010 } as const
const whence = { set: 0, current: 1, end: 2 } as const

/** The mode without the bits that must not outlive a change by others than root. */
export function withoutSetIds(mode: number): number {
  const group = (mode & setIds.runByGroup) !== 0 ? setIds.group : 0
  return mode & 0o7777 & ~(setIds.user | group)
}

/** What a new file in a set-group-ID folder may keep of its mode: inode(7). */
export function grantedMode(user: User, folder: Attributes, mode: number): number {
  const asGroup = setIds.group | setIds.runByGroup
  const inherits = (folder.mode & setIds.group) !== 0 && (mode & asGroup) === asGroup
  const inGroup = user.uid === 0 || user.gid === folder.gid || user.groups.includes(folder.gid)
  return inherits && !inGroup ? mode & ~setIds.group : mode
}

type FileCalls = Pick<
  Posix,
  'open' | 'close' | 'read' | 'write' | 'seek' | 'entries' | 'truncate' | 'synchronize'
>

/** The descriptors of one process over a tree. */
export class Descriptors {
  readonly #walker: Walker
  readonly #masked: (mode: number) => number
  readonly #opened = new Map<number, Opened>()

  constructor(walker: Walker, masked: (mode: number) => number) {
    this.#walker = walker
    this.#masked = masked
  }

  /** Throws EBADF. */
  at(descriptor: number): Opened {
    const opened = this.#opened.get(descriptor)
    if (opened === undefined) throw new Errno('EBADF')
    return opened
  }

  calls(): FileCalls {
    const walker = this.#walker
    return {
      open: (path, flags, mode) => walker.call(() => this.#open(path, flags, mode)),
      close: descriptor => walker.call(() => this.#close(descriptor)),
      read: (descriptor, count, position) =>
        walker.call(() => this.#read(descriptor, count, position)),
      write: (descriptor, bytes, position) =>
        walker.call(() => this.#write(descriptor, Buffer.from(bytes, 'latin1'), position)),
      seek: (descriptor, offset, from) =>
        walker.call(() => this.#seek(descriptor, Number(offset), from)),
      entries: (descriptor, room) => walker.call(() => this.#entries(descriptor, room)),
      truncate: (target, bytes) =>
        walker.call(() => {
          if (bytes < 0) throw new Errno('EINVAL')
          if (typeof target === 'number') this.#truncateOpened(this.at(target), bytes)
          else this.#truncate(walker.find(target.path, true), bytes)
        }),
      synchronize: descriptor => walker.call(() => walker.tree.synchronize(this.at(descriptor).ino))
    }
  }

  #open(path: string, flags: number, mode: number): number {
    if ((flags & open.O_CREAT) !== 0 && (flags & open.O_DIRECTORY) !== 0) throw new Errno('EINVAL')
    const place = this.#walker.place(path)
    const found = this.#findOrMake(place, flags, mode)
    if (typeof found === 'number') return this.#keep(found, flags)
    this.#demandOpenable(found, flags)
    const truncates = (flags & open.O_TRUNC) !== 0
    if ((writes(flags) || truncates) && typeOf(found) === fileType.regular) {
      const { tree, user } = this.#walker
      if (truncates) this.#dropSetIds(found)
      if (writes(flags)) tree.openForWriting(found.ino, truncates)
      else tree.change(found.ino, { size: 0 }, user)
    }
    return this.#keep(found.ino, flags)
  }

  /** What is there, or the number of what was made and opened. */
  #findOrMake(place: Place, flags: number, mode: number): Attributes | number {
    const walker = this.#walker
    const creates = (flags & open.O_CREAT) !== 0
    const exclusive = creates && (flags & open.O_EXCL) !== 0
    if (creates && ['', '.', '..'].includes(place.name)) {
      throw new Errno(exclusive ? 'EEXIST' : 'EISDIR')
    }
    if (creates && place.slash) throw new Errno('EISDIR')
    const found = walker.lookIfThere(place.folder, place.name)
    if (found === undefined) {
      if (!creates) throw new Errno('ENOENT')
      return this.#make(place, flags, mode)
    }
    if (exclusive) throw new Errno('EEXIST')
    if (isLink(found) && ((flags & open.O_NOFOLLOW) === 0 || place.slash)) {
      const behind = walker.placeBehind(place.folder, found)
      return this.#findOrMake({ ...behind, slash: behind.slash || place.slash }, flags, mode)
    }
    if (place.slash && !isFolder(found)) throw new Errno('ENOTDIR')
    return found
  }

  #make({ folder, name }: Place, flags: number, mode: number): number {
    const { tree, user } = this.#walker
    demand(user, folder, rights.write | rights.search)
    const full = fileType.regular | grantedMode(user, folder, this.#masked(mode & 0o7777))
    const made = writes(flags)
      ? tree.createFile(folder.ino, name as Name, full, user)
      : tree.makeNode(folder.ino, name as Name, full, 0, user)
    this.#walker.borrow(made)
    return made.ino
  }

  #demandOpenable(found: Attributes, flags: number): void {
    if ((flags & open.O_DIRECTORY) !== 0 && !isFolder(found)) throw new Errno('ENOTDIR')
    if (isLink(found)) throw new Errno('ELOOP')
    const truncates = (flags & open.O_TRUNC) !== 0
    const creates = (flags & open.O_CREAT) !== 0
    if (isFolder(found) && (writes(flags) || truncates || creates)) throw new Errno('EISDIR')
    const reads = (flags & 3) !== open.O_WRONLY
    const wanted = (reads ? rights.read : 0) | (writes(flags) || truncates ? rights.write : 0)
    demand(this.#walker.user, found, wanted)
    const { uid } = this.#walker.user
    const foreign = uid !== 0 && uid !== found.uid
    if ((flags & open.O_NOATIME) !== 0 && foreign) throw new Errno('EPERM')
    if (isFolder(found) || typeOf(found) === fileType.regular) return
    const nobodyReads = typeOf(found) === fileType.fifo && (flags & 3) === open.O_WRONLY
    if (typeOf(found) !== fileType.fifo || nobodyReads) throw new Errno('ENXIO')
  }

  #keep(ino: Ino, flags: number): number {
    this.#walker.retain(ino)
    let descriptor = 3
    while (this.#opened.has(descriptor)) descriptor++
    this.#opened.set(descriptor, { ino, flags, position: 0 })
    return descriptor
  }

  #close(descriptor: number): void {
    const { ino, flags } = this.at(descriptor)
    this.#opened.delete(descriptor)
    const { tree } = this.#walker
    if (writes(flags)) tree.releaseWriting(ino)
    this.#walker.borrowed.push(ino)
  }

  #read(descriptor: number, count: number, position: number): string {
    const opened = this.at(descriptor)
    if ((opened.flags & 3) === open.O_WRONLY) throw new Errno('EBADF')
    const { tree } = this.#walker
    if (isFolder(tree.attributes(opened.ino))) throw new Errno('EISDIR')
    const bytes = Buffer.alloc(count)
    const found = tree.read(opened.ino, bytes, position < 0 ? opened.position : position)
    if (position < 0) opened.position += found
    return bytes.toString('latin1', 0, found)
  }

  #write(descriptor: number, bytes: Uint8Array, position: number): number {
    const opened = this.at(descriptor)
    if (!writes(opened.flags)) throw new Errno('EBADF')
    const { tree } = this.#walker
    const attributes = tree.attributes(opened.ino)
    const appends = (opened.flags & open.O_APPEND) !== 0
    const start = position < 0 ? opened.position : position
    const place = appends ? attributes.size : start
    if (bytes.length > 0) {
      this.#dropSetIds(attributes)
      tree.write(opened.ino, bytes, place)
    }
    if (position < 0) opened.position = place + bytes.length
    return bytes.length
  }

  /** Writing and truncating by others than root: https://man7.org/linux/man-pages/man2/write.2.html */
  #dropSetIds({ ino, mode }: Attributes): void {
    const { tree, user } = this.#walker
    const kept = withoutSetIds(mode)
    if (user.uid !== 0 && kept !== (mode & 0o7777)) tree.change(ino, { mode: kept }, user)
  }

  #seek(descriptor: number, offset: number, from: number): number {
    const opened = this.at(descriptor)
    const { size } = this.#walker.tree.attributes(opened.ino)
    const starts: Readonly<Record<number, number>> = {
      [whence.set]: 0,
      [whence.current]: opened.position,
      [whence.end]: size
    }
    const start = starts[from]
    if (start === undefined || start + offset < 0) throw new Errno('EINVAL')
    opened.position = start + offset
    return opened.position
  }

  /** As much as fits into `room` bytes, as struct linux_dirent64 would lie there. */
  #entries(descriptor: number, room: number): Entry[] {
    const opened = this.at(descriptor)
    const { tree } = this.#walker
    const folder = tree.attributes(opened.ino)
    if (!isFolder(folder)) throw new Errno('ENOTDIR')
    if (folder.links === 0) throw new Errno('ENOENT')
    const found: Entry[] = []
    let left = room
    const take = (entry: Entry): boolean => {
      left -= direntBytes(entry.name)
      if (left >= 0) found.push(entry)
      return left >= 0
    }
    const dots = ['.', '..'].map((name, index) => ({ name, type: 4, next: index + 1 }))
    const more = dots.slice(Math.min(opened.position, dots.length)).every(take)
    const options = { cookie: Math.max(0, opened.position - dots.length), withAttributes: false }
    if (more) {
      tree.readDirectory(opened.ino, options, ({ name, mode, cookie }) =>
        take({ name, type: mode >> 12, next: cookie + dots.length })
      )
    }
    if (found.length === 0 && left < 0) throw new Errno('EINVAL')
    opened.position = Number(found.at(-1)?.next ?? opened.position)
    return found
  }

  #truncate(found: Attributes, bytes: number): void {
    const { tree, user } = this.#walker
    if (isFolder(found)) throw new Errno('EISDIR')
    if ((found.mode & fileType.mask) !== fileType.regular) throw new Errno('EINVAL')
    if (!mayDo(user, found, rights.write)) throw new Errno('EACCES')
    this.#dropSetIds(found)
    tree.change(found.ino, { size: bytes }, user)
  }

  #truncateOpened({ ino, flags }: Opened, bytes: number): void {
    const { tree, user } = this.#walker
    if (!writes(flags)) throw new Errno('EINVAL')
    this.#dropSetIds(tree.attributes(ino))
    tree.change(ino, { size: bytes }, user)
  }
}

function writes(flags: number): boolean {
  return (flags & 3) !== open.O_RDONLY
}

function typeOf({ mode }: Attributes): number {
  return mode & fileType.mask
}

function direntBytes(name: string): number {
  return (19 + name.length + 1 + 7) & ~7
}
