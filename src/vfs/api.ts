import type { Name } from '../base/names.ts'

/**
 * The seam between content and doors: inodes, as FUSE has them; WebDAV and the command line walk
 * paths with `lookup`. Every call is synchronous, takes no callback but a visitor, and may be made
 * from any thread that opened the tree: trees share state through the database and shared memory.
 *
 * A call that lacks a block throws `missing` with its want; fetched, the call is made again. No
 * call waits inside a transaction. Every mutation is one transaction: after a crash it happened or
 * it did not.
 */

/** An inode number: a safe integer from 1; 1 is the root of its tree. A door must `forget` those it was given. */
export type Ino = number

/** POSIX stat, in numbers so that nothing is allocated for a time. `mode` includes the type bits (S_IFMT). */
export interface Attributes {
  readonly ino: Ino
  readonly mode: number
  readonly links: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  readonly size: number
  /** Of 512 bytes, where a file has holes; else its size says it. */
  readonly blocks?: number | undefined
  readonly atimeSeconds: number
  readonly atimeNanoseconds: number
  readonly mtimeSeconds: number
  readonly mtimeNanoseconds: number
  readonly ctimeSeconds: number
  readonly ctimeNanoseconds: number
}

/** The type bits of `mode`: https://man7.org/linux/man-pages/man7/inode.7.html */
export const fileType = {
  mask: 0o170000,
  fifo: 0o010000,
  character: 0o020000,
  directory: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  symlink: 0o120000,
  socket: 0o140000
} as const

export interface DirectoryEntry {
  readonly name: Name
  /** The inode and its type bits; with `withAttributes` all of them, and the inode counts as looked up. */
  readonly ino: Ino
  readonly mode: number
  readonly attributes: Attributes | undefined
  /** Pass it to go on after this entry. */
  readonly cookie: number
}

export interface ReadDirectoryOptions {
  /** 0 to begin, else the cookie of the last entry taken. */
  readonly cookie: number
  readonly withAttributes: boolean
  /** So many are enough: spares a tree from reading on. One that does not heed it goes on until `visit` returns false. */
  readonly atMost?: number
}

export interface TreeStatistics {
  readonly blockBytes: number
  readonly blocks: number
  readonly freeBlocks: number
  readonly files: number
  readonly freeFiles: number
}

export interface Tree {
  readonly root: Ino
  /**
   * `frozen`: what an inode shows never changes, doors may cache it for ever. `live`: it moves
   * under the door, which is told by `changes` of its own machine at best.
   */
  readonly nature: 'frozen' | 'live'
  /**
   * Whether an inode never changes: in a frozen tree all but the directories that may gain entries, in
   * a live one what is of a snapshot. Absent: all but a frozen tree's root, nothing of a live one. Cheap.
   */
  readonly frozen?: (ino: Ino) => boolean
  /** Counts as one lookup of the inode returned. Throws `not-found`, `not-directory`, `name-too-long`. */
  lookup: (parent: Ino, name: Name) => Attributes
  attributes: (ino: Ino) => Attributes
  /** The kernel's FORGET: `lookups` fewer references are held. Never throws. */
  forget: (ino: Ino, lookups: number) => void
  readLink: (ino: Ino) => Uint8Array
  /** Visits entries (without `.` and `..`) until `visit` returns false; an entry refused is not looked up. */
  readDirectory: (
    ino: Ino,
    options: ReadDirectoryOptions,
    visit: (entry: DirectoryEntry) => boolean
  ) => void
  /** The directory above; the root's is the root. */
  parent: (ino: Ino) => Ino
  /** Reads at `position` until the file or `target` ends; returns the bytes read. */
  read: (ino: Ino, target: Uint8Array, position: number) => number
  /** Throws `no-attribute`. `user.cairn.cid` is there on all content; of what is not sealed it throws `missing`. */
  xattr: (ino: Ino, name: string) => Uint8Array
  xattrNames: (ino: Ino) => string[]
  statistics: () => TreeStatistics
  close: () => void
  /** For a door that lets others read the plain file that holds a file's content. */
  readonly sharedFiles?: SharedFiles
}

/** Plain files of exactly the bytes of frozen inodes: only to be read. */
export interface SharedFiles {
  /** One's path, and it keeps its bytes for as long as the path leads to it; undefined if the content is elsewhere. */
  find: (ino: Ino) => string | undefined
  /** Where those paths lead through. What stands in it may be removed once nobody has it open. */
  readonly folder: string
}

/** Who asks: the owner of what is made. Permission checks are the kernel's (`default_permissions`). */
export interface Caller {
  readonly uid: number
  readonly gid: number
}

/** fallocate(2): https://man7.org/linux/man-pages/man2/fallocate.2.html */
export interface Allocation {
  /** `allocate`: space is there; `zero`: it reads as zeros; `punch`: and takes no space (implies `keepSize`). */
  readonly kind: 'allocate' | 'zero' | 'punch'
  readonly position: number
  /** Above 0. */
  readonly length: number
  /** False: a file that ends before `position + length` grows to there. */
  readonly keepSize: boolean
}

/** Bytes of a file, from a position on. */
export interface Place {
  readonly ino: Ino
  readonly position: number
}

/** Absent fields stay as they are. */
export interface AttributeChanges {
  /** Permission bits only, 0 to 0o7777. */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly size?: number
  readonly atime?: Timestamp
  readonly mtime?: Timestamp
}

export type Timestamp = 'now' | { readonly seconds: number; readonly nanoseconds: number }

export interface RenameOptions {
  /** RENAME_NOREPLACE and RENAME_EXCHANGE: https://man7.org/linux/man-pages/man2/rename.2.html */
  readonly mode: 'replace' | 'no-replace' | 'exchange'
}

/** What a door writes to. The errors are POSIX's for the call of the same name. */
export interface WritableTree extends Tree {
  /** `mode` carries type and permission bits; regular files, fifos, sockets, devices. Counts as a lookup. */
  makeNode: (parent: Ino, name: Name, mode: number, rdev: number, caller: Caller) => Attributes
  makeDirectory: (parent: Ino, name: Name, mode: number, caller: Caller) => Attributes
  makeSymlink: (parent: Ino, name: Name, target: Uint8Array, caller: Caller) => Attributes
  makeLink: (ino: Ino, parent: Ino, name: Name) => Attributes
  /** Unlinks anything but a directory. An inode still looked up stays usable until forgotten. */
  remove: (parent: Ino, name: Name) => void
  removeDirectory: (parent: Ino, name: Name) => void
  rename: (parent: Ino, name: Name, newParent: Ino, newName: Name, options: RenameOptions) => void
  change: (ino: Ino, changes: AttributeChanges, caller: Caller) => Attributes
  /** `makeNode` of a regular file and `openForWriting`, in one transaction. Counts as a lookup. */
  createFile: (parent: Ino, name: Name, mode: number, caller: Caller) => Attributes
  /** Before the first write through a handle; `truncate` empties the file. Each call wants its `releaseWriting`. */
  openForWriting: (ino: Ino, truncate: boolean) => void
  /** The handle that was opened for writing is closed: its draft may be sealed away. Never throws. */
  releaseWriting: (ino: Ino) => void
  /** Between `openForWriting` and `releaseWriting`. Returns the bytes written: all of `source`, or throws. */
  write: (ino: Ino, source: Uint8Array, position: number) => number
  /** Between `openForWriting` and `releaseWriting`. Throws `no-space`, `file-too-large`. */
  allocate: (ino: Ino, allocation: Allocation) => void
  /**
   * lseek(2), SEEK_DATA and SEEK_HOLE: where data, or a hole, begins from `position` on; the end of the
   * file counts as a hole. Undefined at or after the end, and where no data follows.
   */
  seek: (ino: Ino, position: number, what: 'data' | 'hole') => number | undefined
  /**
   * copy_file_range(2) into a file that is open for writing: of a whole sealed file onto an empty one,
   * or one it covers, its CID, else bytes. Returns how many were copied, which may be fewer than asked
   * for; 0 at the source's end. Throws `invalid` if both are one file and overlap.
   */
  copyRange: (from: Place, to: Place, length: number) => number
  /**
   * O_TMPFILE: a regular file without a name, open for writing, owned as one made in `parent` is.
   * Counts as a lookup. `makeLink` names it; else it goes when it is released and forgotten.
   */
  makeTemporary: (parent: Ino, mode: number, caller: Caller) => Attributes
  /** Bytes, and with them the inode and its name, survive a power cut when this returns. */
  synchronize: (ino: Ino) => void
  setXattr: (ino: Ino, name: string, value: Uint8Array, mode: 'any' | 'create' | 'replace') => void
  removeXattr: (ino: Ino, name: string) => void
  /** For a door that lets others use the plain file that holds a file's content. */
  readonly plainFiles?: PlainFiles
}

/**
 * Files whose content is a plain file of the same size: whoever writes to that one has written to the
 * inode, times included. While the inode is open for writing only `copyRange` to it takes it away. The
 * tree keeps none open for writing beyond a call.
 */
export interface PlainFiles {
  /** Its path; undefined if the content is elsewhere. */
  find: (ino: Ino) => string | undefined
  /** Of a file open for writing: sealed content that is not small is copied to one. Throws `missing`, `no-space`. */
  make: (ino: Ino) => void
  /** Where plain files are made: to try what can be done with one. */
  readonly folder: string
}
