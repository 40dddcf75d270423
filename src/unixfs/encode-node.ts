import type { Multihash } from '../base/blocks.ts'
import type { Name } from '../base/names.ts'
import { putVarint, varintBytes } from './protobuf.ts'

/** A link as it is written: `Node` and `DirectoryLink` are such. */
export interface OutgoingLink {
  /** Absent in files, where it is written as the empty name. */
  readonly name?: Name
  readonly codec: number
  readonly multihash: Multihash
  readonly cidVersion: 0 | 1
  readonly dagBytes: number
}

/** Length of a CID in bytes. */
export function cidBytes({ codec, multihash, cidVersion }: OutgoingLink): number {
  return cidVersion === 0 ? multihash.length : 1 + varintBytes(codec) + multihash.length
}

function linkBytes(link: OutgoingLink): number {
  const cid = cidBytes(link)
  const name = link.name?.length ?? 0
  return 1 + varintBytes(cid) + cid + 1 + varintBytes(name) + name + 1 + varintBytes(link.dagBytes)
}

/** Bytes a link adds to the block it is in. */
export function linkFieldBytes(link: OutgoingLink): number {
  const length = linkBytes(link)
  return 1 + varintBytes(length) + length
}

/** Length of the block that `encodeNode` would make. */
export function nodeBytes(links: readonly OutgoingLink[], dataBytes: number): number {
  let total = 1 + varintBytes(dataBytes) + dataBytes
  for (const link of links) total += linkFieldBytes(link)
  return total
}

/**
 * What the link to a node says of its DAG: its block and all below, not more than a reader takes for a
 * number. Copies of copies, or a link that lies, would else make a block that nobody can read.
 */
export function sumDagBytes(
  block: Uint8Array,
  links: ReadonlyArray<{ readonly dagBytes: number }>
): number {
  const sum = links.reduce((total, { dagBytes }) => total + dagBytes, block.length)
  return Math.min(sum, Number.MAX_SAFE_INTEGER)
}

function putLink(target: Uint8Array, offset: number, link: OutgoingLink): number {
  let at = offset
  target[at++] = 0x12
  at = putVarint(target, at, linkBytes(link))
  target[at++] = 0x0a
  at = putVarint(target, at, cidBytes(link))
  if (link.cidVersion === 1) {
    target[at++] = 1
    at = putVarint(target, at, link.codec)
  }
  target.set(link.multihash, at)
  at += link.multihash.length
  const name = link.name ?? ''
  target[at++] = 0x12
  at = putVarint(target, at, name.length)
  for (let index = 0; index < name.length; index++) target[at++] = name.charCodeAt(index)
  target[at++] = 0x18
  return putVarint(target, at, link.dagBytes)
}

/** A dag-pb block: links in the order given, which must be by name, then data. https://ipld.io/specs/codecs/dag-pb/spec/ */
export function encodeNode(links: readonly OutgoingLink[], data: Uint8Array): Uint8Array {
  const block = Buffer.allocUnsafe(nodeBytes(links, data.length))
  let at = 0
  for (const link of links) at = putLink(block, at, link)
  block[at++] = 0x0a
  at = putVarint(block, at, data.length)
  block.set(data, at)
  return block
}
