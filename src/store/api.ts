import type { CID } from 'multiformats/cid'
import type { BlockReader, BlockWriter, Multihash } from '../base/blocks.ts'
import type { LeafTable } from './flat-description.ts'

/**
 * The block store: segments and an index, multihash → segment, offset, length, in the database. Most
 * segments are append-only CARv1 files; a flat one is a large file that was here already (adopt-file.ts).
 * Any number of threads and processes may have it open; each writer appends to a segment of its own,
 * and every reader sees what was flushed by anybody.
 *
 * Order: bytes are written (and with `durable` synced) before the index names them. A crash leaves
 * at worst bytes in a segment that no index row names; they are cut off, or indexed, at the next start.
 *
 * What is added is kept from collection (collect/) until the operation (base/holding.ts) it is added in ends, or,
 * outside of one, until this store is closed: by then a row has to name it.
 *
 * Inside a database transaction: `add` and `put` keep to memory and the segment, and a `flush` within a `write`
 * takes part in it (undone with it, then the next flush does it again); within a `read` it throws `io`.
 * Multihashes known here: sha2-256, -384, -512, sha1, sha3, blake2b-512, blake2s-256, and identity, which is never stored.
 */
export interface BlockStore extends BlockReader, BlockWriter {
  /**
   * Takes in bytes from elsewhere: verifies length and hash against the CID's multihash first.
   * Throws `mismatch` (nothing stored), `unsupported` for a hash function not known here, `invalid` over
   * `limits.blockBytes`, `no-space` (what was there stays).
   */
  put: (cid: CID, bytes: Uint8Array) => void
  /** True if flushed, or waiting in this writer to be. */
  has: (multihash: Multihash) => boolean
  /** Drops the index rows; the bytes go when their segment is compacted. */
  remove: (multihashes: Iterable<Multihash>) => void
  /** Every indexed multihash with the length of its block, in no order. */
  list: () => IterableIterator<{ multihash: Multihash; length: number }>
  /**
   * Makes a file's raw leaves blocks of this store without copying them: the file itself becomes a segment. From
   * now on nobody may write to it, unless this is abandoned. It survives a power cut when this returns, but
   * nothing is here before `index`. Not for a transaction. Throws `conflict` if the file has another length than
   * its leaves, `unsupported` where the file system gives it no second name, `no-space`, `not-found`.
   */
  adopt: (file: Adoptable) => Adoption
  /** For those who would rather read a file than blocks. */
  readonly sharing: SegmentSharing
  statistics: () => StoreStatistics
  /** Of all segment files. */
  fileBytes: () => number
  /** Flushes to the disk, and leaves this writer's segment for a collection to compact: the next block begins another. */
  endSegment: () => void
  /** Flushes, ends this writer's segment, closes files. The database stays open: whoever opened it closes it. */
  close: () => void
}

export interface Adoptable {
  readonly path: string
  /** All of its bytes, in order, without gaps. */
  readonly leaves: LeafTable
}

export interface Adoption {
  /**
   * Within a transaction: with its commit the blocks are here, those that were elsewhere too. Once that commit
   * survives a power cut, the file's own name may go.
   */
  readonly index: () => void
  /** The file is again only what it was. Does nothing once `index` is committed. */
  readonly abandon: () => void
}

export interface SegmentSharing {
  /** Where `share` gives names, made if need be by it. One may be removed once nobody has the file open. */
  readonly folder: string
  /**
   * The path of a file that is exactly these blocks, one after the other, and keeps its bytes for as long as the
   * path leads to it, though its blocks be collected; undefined if there is none. Nobody may write to it. Its
   * bytes were verified when they came in, and by `fsck`, as those of all blocks. Stops at the first block that does not fit.
   */
  readonly share: (
    blocks: Iterable<{ readonly multihash: Multihash; readonly length: number }>
  ) => string | undefined
}

export interface StoreStatistics {
  readonly blocks: number
  readonly bytes: number
  readonly segments: number
  readonly segmentBytes: number
}

export interface CheckReport {
  readonly blocks: number
  readonly bytes: number
  /** Blocks whose bytes do not have their hash, or that lie outside their segment. `cid` is '' where damage left no name. */
  readonly damaged: ReadonlyArray<{ cid: string; segment: string; offset: number; why: string }>
  /** Rows of the new index after a rebuild; 0 without one. */
  readonly indexed: number
}
