import type { CID } from 'multiformats/cid'
import type { BlockReader, BlockWriter, Multihash } from '../base/blocks.ts'
import type { Name } from '../base/names.ts'

/**
 * UnixFS over any block reader and writer: https://specs.ipfs.tech/unixfs/
 * Import is deterministic: a profile, the bytes and the metadata decide the CID, on every machine.
 */

/** A named set of import choices (IPIP-499): https://specs.ipfs.tech/ipips/ipip-0499/ */
export interface Profile {
  readonly name: ProfileName
  readonly cidVersion: 0 | 1
  readonly rawLeaves: boolean
  readonly chunker:
    | { readonly kind: 'fixed'; readonly bytes: number }
    | {
        readonly kind: 'fastcdc'
        readonly minBytes: number
        readonly averageBytes: number
        readonly maxBytes: number
      }
  /** Links of one file node at most; the tree is balanced. */
  readonly width: number
  readonly hamt: {
    /** A directory is sharded when it is estimated to be larger than this. */
    readonly thresholdBytes: number
    /** `links`: names and CIDs added up; `block`: the size of the serialised block. */
    readonly estimate: 'links' | 'block'
    readonly fanout: 256
  }
}

export const profileNames = ['unixfs-v1-2025', 'unixfs-v0-2015', 'fastcdc'] as const
export type ProfileName = (typeof profileNames)[number]

/** UnixFS 1.5 metadata; absent fields are left out of the block, which keeps the CID that of the bare bytes. */
export interface Metadata {
  /** Permission bits, 0 to 0o7777. */
  readonly mode?: number
  readonly mtimeSeconds?: number
  /** 0 to 999,999,999; 0 is not written, as the specification wants. */
  readonly mtimeNanoseconds?: number
}

/** The root of something imported, and what a directory above needs to link it. */
export interface Node {
  readonly codec: number
  readonly multihash: Multihash
  readonly cidVersion: 0 | 1
  /** Size of the file in bytes; 0 for a directory. */
  readonly fileBytes: number
  /** Blocks of the whole DAG added up, as dag-pb's Tsize counts (no sharing); at most 2^53 - 1. */
  readonly dagBytes: number
}

export interface DirectoryLink {
  readonly name: Name
  readonly codec: number
  readonly multihash: Multihash
  readonly cidVersion: 0 | 1
  /** As the link says: a hint, never trusted for a file's size. */
  readonly dagBytes: number
}

/**
 * Cuts, hashes and links a file's bytes: feed it pieces of any size, then `finish`. Synchronous.
 * Pieces are copied, so a buffer can be used again after `write`.
 */
export interface FileBuilder {
  write: (bytes: Uint8Array) => void
  finish: (metadata?: Metadata) => Node
}

export interface UnixfsWriter {
  readonly profile: Profile
  file: () => FileBuilder
  /**
   * Links may come in any order; sharded (HAMT) when the profile says so. Throws `exists` on a doubled
   * name, `unsupported` if names were made to have one 64-bit hash over and over.
   */
  directory: (links: Iterable<DirectoryLink>, metadata?: Metadata) => Node
  /** Throws `invalid` on an empty target or one with a NUL, `name-too-long` over `limits.symlinkBytes`. */
  symlink: (target: Uint8Array, metadata?: Metadata) => Node
}

export type OpenUnixfsWriter = (blocks: BlockWriter, profile: Profile) => UnixfsWriter

/** What a CID is, read from its root block only. `bytes` is what the block claims; see `checkedBytes`. */
export interface NodeInfo extends Metadata {
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly bytes: number
}

/** A raw block of a file; `length` is what the node above says. */
export interface RawLeaf {
  readonly multihash: Multihash
  readonly length: number
}

/** All errors: `missing` with its want, `corrupt` (bad block, lying sizes, too deep), `unsupported` (codec), `not-directory` and so on. */
export interface UnixfsReader {
  info: (cid: CID) => NodeInfo
  infoOf: (codec: number, multihash: Multihash) => NodeInfo
  /**
   * Reads from a file at `position` into `target` until either ends; returns the bytes read, 0 at
   * the end. The tree's offsets are cached, so a random read costs one pread inside one leaf.
   */
  readFile: (codec: number, multihash: Multihash, target: Uint8Array, position: number) => number
  /**
   * The raw leaves that a file's bytes are, one after the other, found as they are asked for. Throws
   * `unsupported` where bytes stand elsewhere or sizes do not add up, and else as `readFile`.
   */
  rawLeaves: (codec: number, multihash: Multihash) => Iterable<RawLeaf>
  readSymlink: (codec: number, multihash: Multihash) => Uint8Array
  /** One entry of a directory, or undefined; a sharded one is walked by the name's hash only. */
  lookup: (codec: number, multihash: Multihash, name: Name) => DirectoryLink | undefined
  /**
   * All entries, in a stable order; decoded lists are cached. Names that `checkName` would refuse, and
   * a name that comes a second time, are left out: no mount could show them.
   */
  list: (codec: number, multihash: Multihash) => readonly DirectoryLink[]
  /**
   * The same entries in the same order as `list`, by place and by name: a sharded directory of any size
   * is walked only where it is asked for, once `counts` knows it. The first use reads all its shards.
   */
  order: (codec: number, multihash: Multihash, counts: ShardCounts) => DirectoryOrder
  /**
   * Every block below and including a CID, each once: what a pin keeps and a CAR carries. Throws
   * `unsupported` at a codec whose links are not known, rather than leave something out.
   */
  walk: (cid: CID) => IterableIterator<{ codec: number; multihash: Multihash }>
}

/** Where entries stand in a directory's list. */
export interface DirectoryOrder {
  readonly length: number
  readonly find: (name: Name) => { position: number; link: DirectoryLink } | undefined
  /** Entries from `start` on, `count` at most. */
  readonly slice: (start: number, count: number) => DirectoryLink[]
}

/** What was counted of shards, by their multihash: facts that never change, kept by whom it pays for. */
export interface ShardCounts {
  /** Entries of a shard up to and with each of its links. */
  readonly get: (multihash: Multihash) => Uint32Array | undefined
  readonly add: (shards: ReadonlyArray<{ multihash: Multihash; ends: Uint32Array }>) => void
}

export type OpenUnixfsReader = (blocks: BlockReader) => UnixfsReader
