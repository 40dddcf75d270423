import { randomInt } from 'node:crypto'
import { CairnError } from '../../base/errors.ts'

/**
 * The shared memory of an inode table: a header, the hash buckets, then records of 96 bytes. Nothing
 * here knows what a record means. A record's index is its inode number, so index 0 stays unused and
 * 0 ends every list.
 */
export interface InodeMemory {
  /** A `WriteLock`'s word. */
  readonly lock: SharedArrayBuffer
  /** Growable; handed to a worker, it is the same memory there. */
  readonly records: SharedArrayBuffer
}

/** Words (32 bits) of the header. */
export const header = {
  /** Words that are there: a thread whose view is shorter renews it. */
  words: 0,
  /** The first index never used. */
  fresh: 1,
  /** Records nobody refers to, longest idle first; they stay known until their place is wanted. */
  idleHead: 2,
  idleTail: 3,
  idleLength: 4,
  /** Extension records free to be used again. */
  freeExtensions: 5,
  /** Inodes in the table, the root included. */
  known: 6,
  /** Keeps outsiders from choosing names or blocks that all fall into one bucket. */
  seed: 7
} as const

/** Words of a record. */
export const field = {
  /** The next record of the same bucket. */
  chain: 0,
  lookups: 1,
  /** Directories in the table that name this one as their parent. */
  children: 2,
  hash: 3,
  /** Mode in bits 0 to 15, then the flags below, then the identity's length from bit 21. */
  mode: 4,
  sizeLow: 5,
  sizeHigh: 6,
  mtimeLow: 7,
  mtimeHigh: 8,
  mtimeNanoseconds: 9,
  codec: 10,
  parent: 11,
  nameHash: 12,
  nameHash2: 13,
  idleNext: 14,
  /** The first of nine words of identity: a multihash or a name. */
  identity: 15
} as const

export const flag = {
  cidVersion1: 1 << 16,
  idle: 1 << 17,
  kindShift: 18,
  /** Of the kind, once shifted. */
  kindMask: 7,
  lengthShift: 21
} as const

export const recordWords = 24
/** A longer identity has its first 32 bytes here, and in the last word the first of its extensions. */
export const inlineBytes = 36
export const shortenedBytes = 32
export const extensionLinkWord = 23
/**
 * An extension is a record of a link to the next, then nothing up to the word after `mode`, so that
 * it is never taken for an inode in use, then identity bytes.
 */
export const extensionAt = 5
export const extensionBytes = 76

/** Few enough that a young table touches little memory; a million inodes make chains of four. */
const bucketCount = 1 << 18
const bucketsAt = 16
const recordsAt = bucketsAt + bucketCount
const firstRecords = 4096

/** Where the record of an index, and the bucket of a hash, begin: in words. */
export const recordAt = (index: number): number => recordsAt + index * recordWords
export const bucketAt = (hash: number): number => bucketsAt + (hash & (bucketCount - 1))

/**
 * Reserves room for `maxInodes` and commits little of it: untouched pages cost no memory.
 * The root, inode 1, is not filled in.
 */
export function createInodeMemory(maxInodes = 16_000_000): InodeMemory {
  const records = new SharedArrayBuffer(4 * recordAt(Math.min(firstRecords, maxInodes) + 1), {
    maxByteLength: 4 * recordAt(maxInodes + 1)
  })
  const words = new Uint32Array(records, 0, recordsAt)
  words[header.words] = records.byteLength >>> 2
  words[header.fresh] = 1
  words[header.seed] = randomInt(2 ** 32)
  return { lock: new SharedArrayBuffer(4), records }
}

/** Makes room for more records, a quarter more at least. Throws `no-space` at the reserved end. */
export function growInodeMemory(records: SharedArrayBuffer): void {
  const wanted = records.byteLength + Math.max(1 << 20, records.byteLength >>> 2)
  const size = Math.min(wanted, records.maxByteLength)
  if (size === records.byteLength) {
    throw new CairnError(
      'no-space',
      'too many files are known to the kernel at once: let it forget some (vm.drop_caches) and try again'
    )
  }
  records.grow(size)
  new Uint32Array(records, 0, 1)[header.words] = size >>> 2
}
