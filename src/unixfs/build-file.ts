import { type BlockWriter, codec } from '../base/blocks.ts'
import type { FileBuilder, Metadata, Node, Profile } from './api.ts'
import { type Chunker, makeChunker } from './chunk.ts'
import { dataType, encodeData } from './encode-data.ts'
import { encodeNode, sumDagBytes } from './encode-node.ts'
import { Leaves } from './leaves.ts'

/** Stores one chunk as a leaf and appends it. */
export function addLeaf(
  blocks: BlockWriter,
  profile: Profile,
  chunk: Uint8Array,
  leaves: Leaves
): void {
  if (leaves.repeatsLast(chunk)) return
  if (profile.rawLeaves) {
    leaves.push(blocks.add(chunk, codec.raw), chunk.length, chunk.length)
    leaves.rememberZeros(chunk)
    return
  }
  const block = encodeNode([], encodeData({ type: dataType.file, data: chunk }))
  leaves.push(blocks.add(block, codec.dagPb), chunk.length, block.length)
  leaves.rememberZeros(chunk)
}

/**
 * Stores a file that is one chunk, or empty. A raw leaf cannot carry metadata, so with some the
 * bytes go into the file node itself, as ipfs-unixfs-importer does.
 */
export function addSmallFile(
  blocks: BlockWriter,
  profile: Profile,
  chunk: Uint8Array,
  metadata: Metadata = {}
): Node {
  const bare = metadata.mode === undefined && metadata.mtimeSeconds === undefined
  if (profile.rawLeaves && bare) {
    const multihash = blocks.add(chunk, codec.raw)
    const { length } = chunk
    return { codec: codec.raw, multihash, cidVersion: 1, fileBytes: length, dagBytes: length }
  }
  const block = encodeNode([], encodeData({ ...metadata, type: dataType.file, data: chunk }))
  return {
    codec: codec.dagPb,
    multihash: blocks.add(block, codec.dagPb),
    cidVersion: profile.cidVersion,
    fileBytes: chunk.length,
    dagBytes: block.length
  }
}

/**
 * Links two or more leaves into a balanced tree, every node as wide as the profile allows but the
 * last of a level. Every node carries the metadata, as those of ipfs-unixfs-importer do.
 */
export function linkLeaves(
  blocks: BlockWriter,
  profile: Profile,
  leaves: Leaves,
  metadata: Metadata = {}
): Node {
  const leafCodec = profile.rawLeaves ? codec.raw : codec.dagPb
  const leafVersion = profile.rawLeaves ? 1 : profile.cidVersion
  let level: Node[] = []
  for (let start = 0; start < leaves.length; start += profile.width) {
    const children = leaves.nodes(start, profile.width, leafCodec, leafVersion)
    level.push(addFileNode(blocks, profile, children, metadata))
  }
  while (level.length > 1) {
    const above: Node[] = []
    for (let start = 0; start < level.length; start += profile.width) {
      const children = level.slice(start, start + profile.width)
      above.push(addFileNode(blocks, profile, children, metadata))
    }
    level = above
  }
  return level[0]!
}

/** Links children, in order, under one node of a file. */
export function addFileNode(
  blocks: BlockWriter,
  profile: Profile,
  children: readonly Node[],
  metadata: Metadata
): Node {
  const blockBytes = children.map(child => child.fileBytes)
  const block = encodeNode(children, encodeData({ ...metadata, type: dataType.file, blockBytes }))
  return {
    codec: codec.dagPb,
    multihash: blocks.add(block, codec.dagPb),
    cidVersion: profile.cidVersion,
    fileBytes: blockBytes.reduce((sum, bytes) => sum + bytes, 0),
    dagBytes: sumDagBytes(block, children)
  }
}

/** Builds one file. Pieces are copied: the caller may use its buffer again after `write`. */
export function buildFile(blocks: BlockWriter, profile: Profile): FileBuilder {
  return new Builder(blocks, profile)
}

class Builder implements FileBuilder {
  readonly #blocks: BlockWriter
  readonly #profile: Profile
  readonly #chunker: Chunker
  readonly #leaves = new Leaves()
  /** Bytes since the last cut, at the front of `#buffer`. */
  #pending = 0
  #buffer: Uint8Array = new Uint8Array(0)
  /** The first chunk, until it is known whether it is the whole file. */
  #first: Uint8Array | undefined

  constructor(blocks: BlockWriter, profile: Profile) {
    this.#blocks = blocks
    this.#profile = profile
    this.#chunker = makeChunker(profile.chunker)
  }

  write(bytes: Uint8Array): void {
    const { maxBytes } = this.#chunker
    let taken = 0
    while (this.#pending > 0 && this.#pending + (bytes.length - taken) >= maxBytes) {
      const topUp = maxBytes - this.#pending
      this.#hold(bytes.subarray(taken, taken + topUp))
      const length = this.#chunker.cut(this.#buffer, 0, maxBytes)
      this.#emit(this.#buffer.subarray(0, length))
      if (length >= this.#pending - topUp) {
        taken += length - (this.#pending - topUp)
        this.#pending = 0
      } else {
        this.#buffer.copyWithin(0, length, this.#pending - topUp)
        this.#pending -= topUp + length
      }
    }
    while (bytes.length - taken >= maxBytes) {
      const length = this.#chunker.cut(bytes, taken, bytes.length)
      this.#emit(bytes.subarray(taken, taken + length))
      taken += length
    }
    if (taken < bytes.length) this.#hold(bytes.subarray(taken))
  }

  finish(metadata: Metadata = {}): Node {
    let start = 0
    while (start < this.#pending) {
      const length = this.#chunker.cut(this.#buffer, start, this.#pending)
      this.#emit(this.#buffer.subarray(start, start + length))
      start += length
    }
    this.#buffer = new Uint8Array(0)
    if (this.#leaves.length > 0) {
      return linkLeaves(this.#blocks, this.#profile, this.#leaves, metadata)
    }
    return addSmallFile(this.#blocks, this.#profile, this.#first ?? new Uint8Array(0), metadata)
  }

  /** Appends to the pending bytes; a small file gets a buffer no larger than itself. */
  #hold(bytes: Uint8Array): void {
    const length = this.#pending + bytes.length
    if (length > this.#buffer.length) {
      const { maxBytes } = this.#chunker
      const grown = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(length, 2 * this.#pending)))
      grown.set(this.#buffer.subarray(0, this.#pending))
      this.#buffer = grown
    }
    this.#buffer.set(bytes, this.#pending)
    this.#pending = length
  }

  #emit(chunk: Uint8Array): void {
    if (this.#leaves.length === 0 && this.#first === undefined) {
      this.#first = Buffer.from(chunk)
      return
    }
    if (this.#first !== undefined) {
      addLeaf(this.#blocks, this.#profile, this.#first, this.#leaves)
      this.#first = undefined
    }
    addLeaf(this.#blocks, this.#profile, chunk, this.#leaves)
  }
}
