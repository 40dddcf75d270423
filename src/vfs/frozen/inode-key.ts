import type { Name } from '../../base/names.ts'
import type { Ino } from '../api.ts'

/**
 * What an inode is an inode of: `content` of a CID, `described` of a CID and what a side record says
 * beside it (`describedIdentity`); the others are the package tree's own: of an image's directories those
 * that were looked up before the image was whole (`ImageFolders`).
 */
export const inodeKind = {
  content: 1,
  catalogDirectory: 2,
  archiveFolder: 3,
  described: 4,
  imageDirectory: 5
} as const
export type InodeKind = (typeof inodeKind)[keyof typeof inodeKind]

/**
 * What makes two inodes the same one. A file or symlink is its content, wherever it lies: one page
 * cache for all its places. A directory is its place too, since Linux allows it only one.
 */
export interface InodeKey extends InodeIdentity {
  /** 0 for files and symlinks. */
  readonly parent: Ino
  /** Empty for files and symlinks. */
  readonly name: Name
}

export interface InodeIdentity {
  readonly kind: InodeKind
  /** A multihash, or what else the kind goes by; below 2048 bytes. */
  readonly identity: Uint8Array
  readonly codec: number
  readonly cidVersion: 0 | 1
}

/** What `stat` shows of one, and never changes. `mode` includes the type bits. */
export interface InodeDetails {
  readonly mode: number
  readonly size: number
  readonly mtimeSeconds: number
  readonly mtimeNanoseconds: number
}

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export const rootIno: Ino = 1
