import { type BlockReader, type BlockWriter, codec, type Multihash } from '../base/blocks.ts'
import type { Metadata, Node, Profile } from './api.ts'
import { addFileNode, addSmallFile } from './build-file.ts'
import { NodeLoader } from './load-node.ts'
import type { FileNode } from './unixfs-node.ts'

/** A file in blocks, by its root. */
export interface SealedRoot {
  readonly codec: number
  readonly multihash: Multihash
  readonly fileBytes: number
}

/**
 * The same file with other metadata, in the chunks it has: the nodes above its leaves are written
 * anew, a thousandth of it, and no byte is read, but of a file that is one block. Undefined for a tree
 * that no builder here makes (bytes in inner nodes): read it. Throws as `UnixfsReader`.
 */
export function withMetadata(
  blocks: BlockReader & BlockWriter,
  profile: Profile,
  { codec: code, multihash, fileBytes }: SealedRoot,
  metadata: Metadata
): Node | undefined {
  const relabel = new Relabel(blocks, profile, metadata)
  if (code !== codec.raw) return relabel.root(multihash)
  return fileBytes > largestChunk(profile)
    ? undefined
    : addSmallFile(blocks, profile, blocks.read(multihash), metadata)
}

function largestChunk({ chunker }: Profile): number {
  return chunker.kind === 'fixed' ? chunker.bytes : chunker.maxBytes
}

class Relabel {
  readonly #blocks: BlockReader & BlockWriter
  readonly #profile: Profile
  readonly #metadata: Metadata
  readonly #nodes: NodeLoader

  constructor(blocks: BlockReader & BlockWriter, profile: Profile, metadata: Metadata) {
    this.#blocks = blocks
    this.#profile = profile
    this.#metadata = metadata
    this.#nodes = new NodeLoader(blocks, 0)
  }

  root(multihash: Multihash): Node | undefined {
    const node = this.#file(multihash)
    if (node === undefined) return undefined
    if (node.children.length > 0) return this.#inner(node)
    if (node.bytes > largestChunk(this.#profile)) return undefined
    const { inlineStart, inlineBytes } = node
    const bytes = this.#blocks.read(multihash).subarray(inlineStart, inlineStart + inlineBytes)
    return addSmallFile(this.#blocks, this.#profile, bytes, this.#metadata)
  }

  #inner({ children, starts, inlineBytes }: FileNode): Node | undefined {
    if (inlineBytes > 0) return undefined
    const nodes: Node[] = []
    for (const [index, child] of children.entries()) {
      const fileBytes = starts[index + 1]! - starts[index]!
      const leaf = { ...child, fileBytes }
      const node = child.codec === codec.raw ? leaf : this.#below(leaf)
      if (node === undefined) return undefined
      nodes.push(node)
    }
    return addFileNode(this.#blocks, this.#profile, nodes, this.#metadata)
  }

  /** A leaf stays as it is: leaves carry no metadata. */
  #below(child: Node): Node | undefined {
    const node = this.#file(child.multihash)
    if (node === undefined) return undefined
    return node.children.length === 0 ? child : this.#inner(node)
  }

  #file(multihash: Multihash): FileNode | undefined {
    const node = this.#nodes.load(codec.dagPb, multihash)
    return node.kind === 'file' ? node : undefined
  }
}
