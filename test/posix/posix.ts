import { constants } from 'node:fs'

/**
 * The calls of POSIX and Linux that the suite makes, as one process sees them: implemented by the
 * C library, and by a walk of our tree that does what the kernel would. Paths, names and contents
 * are bytes, one character each (latin1). Each throws an `Errno`. Flags have Linux's numbers.
 */
export interface Posix {
  /** Effective ids and groups from now on; the ids of `users`. */
  become: (user: User) => void
  umask: (mask: number) => void
  chdir: (path: string) => void
  open: (path: string, flags: number, mode: number) => number
  close: (descriptor: number) => void
  /** At `position`, or where the descriptor stands if it is -1. */
  read: (descriptor: number, count: number, position: number) => string
  write: (descriptor: number, bytes: string, position: number) => number
  seek: (descriptor: number, offset: number | bigint, whence: number) => number
  /** Names and types from where the descriptor stands; nothing at the end. */
  entries: (descriptor: number, bytes: number) => Entry[]
  stat: (target: Target) => Stat
  changeMode: (target: Target, mode: number) => void
  /** -1 leaves an id as it is. */
  changeOwner: (target: Target, uid: number, gid: number) => void
  setTimes: (target: Target, atime: Time, mtime: Time) => void
  truncate: (target: Target, bytes: number) => void
  /** Bits of 4 (read), 2 (write), 1 (search or run), by the effective ids. */
  access: (path: string, bits: number) => void
  makeDirectory: (path: string, mode: number) => void
  makeNode: (path: string, mode: number, device: number) => void
  makeSymlink: (target: string, path: string) => void
  makeLink: (path: string, newPath: string, follow: boolean) => void
  readLink: (path: string) => string
  unlink: (path: string) => void
  removeDirectory: (path: string) => void
  rename: (path: string, newPath: string, flags: number) => void
  setXattr: (target: Target, name: string, value: string, flags: number) => void
  /** With no `room` only the length is told. */
  getXattr: (target: Target, name: string, room: number) => string | number
  listXattrs: (target: Target, room: number) => string | number
  removeXattr: (target: Target, name: string) => void
  statistics: (path: string) => { nameBytes: number; freeBlocks: number; blocks: number }
  synchronize: (descriptor: number, dataOnly: boolean) => void
  /** What only a kernel does. */
  kernel?: KernelCalls
}

export interface KernelCalls {
  lockWhole: (descriptor: number, operation: number) => void
  /** fcntl(2) with F_SETLK, F_GETLK and the like; returns the type of the lock found. */
  lockRange: (descriptor: number, command: number, lock: RangeLock) => RangeLock
  allocate: (descriptor: number, mode: number, offset: number, bytes: number) => void
  copyRange: (from: number, to: number, offsets: readonly [number, number], bytes: number) => number
  readVector: (descriptor: number, lengths: readonly number[], position: number) => string[]
  writeVector: (descriptor: number, pieces: readonly string[], position: number) => number
  /** Maps a file; the bytes are live until `unmap`. */
  map: (descriptor: number, bytes: number, protection: number, flags: number) => Mapping
  linkDescriptor: (descriptor: number, path: string) => void
}

export interface Mapping {
  readonly bytes: Uint8Array
  synchronize: () => void
  unmap: () => void
}

export interface RangeLock {
  readonly type: number
  readonly start: number
  readonly length: number
}

export interface Entry {
  readonly name: string
  readonly type: number
  /** Where to seek to go on after it: up to 63 bits. */
  readonly next: number | bigint
}

/** A path, or a descriptor. */
export type Target = { readonly path: string; readonly follow: boolean } | number

export interface Stat {
  readonly ino: number
  readonly mode: number
  readonly links: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  readonly size: number
  readonly blocks: number
  readonly atime: string
  readonly mtime: string
  readonly ctime: string
}

export type Time = 'now' | 'omit' | { readonly seconds: number; readonly nanoseconds: number }

export interface User {
  readonly uid: number
  readonly gid: number
  readonly groups: readonly number[]
}

/** Who acts in the tables; what they share is the group 2001. */
export const users: Readonly<Record<string, User>> = {
  root: { uid: 0, gid: 0, groups: [] },
  owner: { uid: 2001, gid: 2001, groups: [] },
  member: { uid: 2002, gid: 2001, groups: [] },
  supplementary: { uid: 2003, gid: 2003, groups: [2001, 2009] },
  stranger: { uid: 2004, gid: 2004, groups: [] }
}

/** A call that failed; `name` is the errno's. */
export class Errno extends Error {
  constructor(name: string) {
    super(name)
    this.name = name
  }
}

export const open = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_NONBLOCK: 0o4000,
  O_DSYNC: 0o10000,
  O_NOATIME: 0o1000000,
  O_CLOEXEC: 0o2000000,
  O_PATH: 0o10000000,
  // Of other numbers on arm: Node knows them.
  ...nodeFlags()
}

function nodeFlags() {
  const { O_DIRECTORY, O_NOFOLLOW, O_SYNC, O_DIRECT } = constants
  return { O_DIRECTORY, O_NOFOLLOW, O_SYNC, O_DIRECT, O_TMPFILE: 0o20000000 | O_DIRECTORY }
}
