import type { Clock } from '../../base/clock.ts'
import type { Attributes } from '../api.ts'
import { fileType } from '../api.ts'
import type { DraftState } from './draft-files.ts'

/** A row of `inodes`, or what one would say of an inode that only its directory's block knows. */
export interface Inode extends Sealed, Attributes {
  /** 1: `multihash` is not what a seal would make of it now. */
  readonly dirty: number
  readonly generation: number
  readonly writers: number
  /** Of a directory, 1: its entries are `dentries`; 0: they are those of its block. */
  readonly unfolded: number
  readonly draft: number | null
  readonly target: Uint8Array | null
  /** 0 for an inode without a row. */
  readonly stored: number
}

/** Content in blocks; all null where there is none yet. */
export interface Sealed {
  readonly codec: number | null
  readonly multihash: Uint8Array | null
  readonly cidVersion: number | null
  readonly dagBytes: number | null
}

/** What listings look at. */
export type ShownInode = Attributes &
  Pick<Inode, 'dirty' | 'generation' | 'draft' | 'codec' | 'multihash' | 'cidVersion'>

export interface Time {
  readonly seconds: number
  readonly nanoseconds: number
}

export function timeNow(clock: Clock): Time {
  const now = clock.nowMs()
  const seconds = Math.floor(now / 1000)
  return { seconds, nanoseconds: Math.floor((now - seconds * 1000) * 1_000_000) }
}

export function isDirectory(inode: { readonly mode: number }): boolean {
  return (inode.mode & fileType.mask) === fileType.directory
}

export function isRegular(inode: { readonly mode: number }): boolean {
  return (inode.mode & fileType.mask) === fileType.regular
}

export function isSymlink(inode: { readonly mode: number }): boolean {
  return (inode.mode & fileType.mask) === fileType.symlink
}

/** The row's facts, or the draft's where it was written since. */
export function attributesOf(inode: ShownInode, draft: DraftState | undefined): Attributes {
  const written = draft?.written
  const changed = written !== undefined && isLater(written, inode) ? written : undefined
  return {
    ino: inode.ino,
    mode: inode.mode,
    links: inode.links,
    uid: inode.uid,
    gid: inode.gid,
    rdev: inode.rdev,
    size: draft?.size ?? inode.size,
    blocks: draft?.blocks,
    atimeSeconds: inode.atimeSeconds,
    atimeNanoseconds: inode.atimeNanoseconds,
    mtimeSeconds: written?.seconds ?? inode.mtimeSeconds,
    mtimeNanoseconds: written?.nanoseconds ?? inode.mtimeNanoseconds,
    ctimeSeconds: changed?.seconds ?? inode.ctimeSeconds,
    ctimeNanoseconds: changed?.nanoseconds ?? inode.ctimeNanoseconds
  }
}

function isLater(time: Time, inode: Attributes): boolean {
  if (time.seconds !== inode.ctimeSeconds) return time.seconds > inode.ctimeSeconds
  return time.nanoseconds > inode.ctimeNanoseconds
}
