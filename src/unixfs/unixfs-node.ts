import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { isUsableName, type Name } from '../base/names.ts'
import type { DirectoryLink, Metadata } from './api.ts'
import { type DecodedData, decodeData } from './decode-data.ts'
import { type DecodedNode, decodeNode } from './decode-node.ts'
import { dataType, murmur3Code } from './encode-data.ts'
import { damaged } from './protobuf.ts'

/** A dag-pb block understood as UnixFS, ready to be read from many times. */
export type UnixfsNode = FileNode | DirectoryNode | ShardNode | SymlinkNode

export interface FileNode {
  readonly kind: 'file'
  readonly metadata: Metadata
  /** Of this node and all below it, as it claims; children are held to it when they are read. */
  readonly bytes: number
  /** Its own bytes, which come first: where they lie in the block, and themselves if they are few. */
  readonly inlineStart: number
  readonly inlineBytes: number
  readonly inline: Uint8Array | undefined
  readonly children: readonly DirectoryLink[]
  /** Where each child begins in this file, and after the last where it ends. */
  readonly starts: Float64Array
  /** 1 for each child whose block was found to be as long as claimed. */
  readonly checked: Uint8Array
}

export interface DirectoryNode {
  readonly kind: 'directory'
  readonly metadata: Metadata
  /** Without those whose name no directory of Linux may hold, or that comes a second time. */
  readonly entries: ReadonlyMap<Name, DirectoryLink>
}

/** One shard: its links by their whole name, prefix included. */
export interface ShardNode {
  readonly kind: 'shard'
  readonly metadata: Metadata
  readonly fanout: number
  readonly links: ReadonlyMap<Name, DirectoryLink>
}

export interface SymlinkNode {
  readonly kind: 'symlink'
  readonly metadata: Metadata
  readonly target: Uint8Array
}

/** Inline bytes up to this length are held with the node: they cost less than the lookup of their block. */
const heldInlineBytes = 16 * 1024

/** Understands a dag-pb block. Throws `corrupt`, or `unsupported` for dag-pb that is not UnixFS. */
export function parseUnixfsNode(block: Uint8Array): UnixfsNode {
  const node = decodeNode(block)
  if (node.data === undefined) {
    throw new CairnError('unsupported', 'the block is dag-pb, but not UnixFS')
  }
  const data = decodeData(block, node.data.start, node.data.end)
  switch (data.type) {
    case dataType.raw:
    case dataType.file:
      return fileNode(data, node.links, block)
    case dataType.directory:
      return { kind: 'directory', metadata: data.metadata, entries: usableEntries(node.links) }
    case dataType.hamt:
      return parseShard(node, data)
    case dataType.symlink:
      return parseSymlink(block, data)
    default:
      throw new CairnError('unsupported', `the block is UnixFS of an unknown type (${data.type})`)
  }
}

/** A file node of its message and links; of `block`, if given, few inline bytes are held. Throws `corrupt`. */
export function fileNode(
  data: DecodedData,
  links: readonly DirectoryLink[],
  block: Uint8Array | undefined
): FileNode {
  const inlineBytes = data.end - data.start
  if (data.blockBytes.length !== links.length) {
    throw damaged(`${links.length} links but ${data.blockBytes.length} sizes`)
  }
  const starts = new Float64Array(links.length + 1)
  let bytes = inlineBytes
  for (const [index, size] of data.blockBytes.entries()) {
    starts[index] = bytes
    bytes += size
  }
  starts[links.length] = bytes
  if (!Number.isSafeInteger(bytes)) throw damaged('it claims more than 2^53 bytes')
  if ((data.fileBytes ?? bytes) !== bytes) {
    throw damaged(`it claims ${data.fileBytes} bytes, its parts are ${bytes}`)
  }
  const held = inlineBytes > 0 && inlineBytes <= heldInlineBytes
  return {
    kind: 'file',
    metadata: data.metadata,
    bytes,
    inlineStart: data.start,
    inlineBytes,
    inline: held ? block?.slice(data.start, data.end) : undefined,
    children: links,
    starts,
    checked: new Uint8Array(links.length)
  }
}

function usableEntries(links: readonly DirectoryLink[]): Map<Name, DirectoryLink> {
  const entries = new Map<Name, DirectoryLink>()
  for (const link of links) {
    if (isUsableName(link.name) && !entries.has(link.name)) entries.set(link.name, link)
  }
  return entries
}

/** The widest shard that other implementations read. */
const maxFanout = 1024

function parseShard({ links }: DecodedNode, data: DecodedData): ShardNode {
  const { fanout = 0, hashType } = data
  if (hashType !== murmur3Code) {
    throw new CairnError('unsupported', `a directory sharded by an unknown hash (${hashType})`)
  }
  if (fanout < 8 || fanout > maxFanout || !Number.isInteger(Math.log2(fanout))) {
    throw damaged(`a shard of ${fanout} positions`)
  }
  const byName = new Map<Name, DirectoryLink>()
  for (const link of links) {
    if (byName.has(link.name)) throw damaged('a shard with two links of one name')
    byName.set(link.name, link)
  }
  return { kind: 'shard', metadata: data.metadata, fanout, links: byName }
}

function parseSymlink(block: Uint8Array, data: DecodedData): SymlinkNode {
  const bytes = data.end - data.start
  if (bytes === 0 || bytes > limits.symlinkBytes) throw damaged(`a link target of ${bytes} bytes`)
  const target = block.slice(data.start, data.end)
  if (target.includes(0)) throw damaged('a link target with a NUL')
  return { kind: 'symlink', metadata: data.metadata, target }
}
