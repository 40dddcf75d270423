import { type BlockWriter, codec } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Name, nameText } from '../base/names.ts'
import type { DirectoryLink, Metadata, Node, Profile } from './api.ts'
import { dataBytes, dataType, encodeData } from './encode-data.ts'
import {
  cidBytes,
  encodeNode,
  linkFieldBytes,
  nodeBytes,
  type OutgoingLink,
  sumDagBytes
} from './encode-node.ts'
import { HamtPath, hamtPrefix } from './hamt-path.ts'

/** Stores a directory, flat or sharded as the profile says. Throws `exists` on a doubled name. */
export function buildDirectory(
  blocks: BlockWriter,
  profile: Profile,
  links: Iterable<DirectoryLink>,
  metadata: Metadata = {}
): Node {
  const sorted = sortLinks(links)
  if (isSharded(profile, listBytes(profile, sorted), metadata)) {
    const entries = sorted.map(link => ({ link, path: new HamtPath(link.name) }))
    return buildShard({ blocks, profile }, entries, 0, metadata)
  }
  const data = encodeData({ ...metadata, type: dataType.directory })
  return addDirectoryNode({ blocks, profile }, sorted, data)
}

/** By the names' bytes, which is the order dag-pb wants and that of their characters. */
function sortLinks(links: Iterable<DirectoryLink>): DirectoryLink[] {
  const sorted = [...links].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (let index = 1; index < sorted.length; index++) {
    const { name } = sorted[index]!
    if (name === sorted[index - 1]!.name) {
      throw new CairnError('exists', `two entries are named ${JSON.stringify(nameText(name))}`)
    }
  }
  return sorted
}

/** What links add to what is compared with the threshold: https://specs.ipfs.tech/ipips/ipip-0499/ */
export function listBytes({ hamt }: Profile, links: readonly DirectoryLink[]): number {
  const bytesOf =
    hamt.estimate === 'block'
      ? linkFieldBytes
      : (link: DirectoryLink) => link.name.length + cidBytes(link)
  return links.reduce((sum, link) => sum + bytesOf(link), 0)
}

/** Whether a directory whose links have so many `listBytes` is sharded. */
export function isSharded({ hamt }: Profile, listed: number, metadata: Metadata): boolean {
  const own = hamt.estimate === 'block' ? { ...metadata, type: dataType.directory } : undefined
  return listed + (own === undefined ? 0 : nodeBytes([], dataBytes(own))) > hamt.thresholdBytes
}

export interface Target {
  readonly blocks: BlockWriter
  readonly profile: Profile
}

function addDirectoryNode(
  { blocks, profile }: Target,
  links: readonly OutgoingLink[],
  data: Uint8Array
): Node {
  const block = encodeNode(links, data)
  return {
    codec: codec.dagPb,
    multihash: blocks.add(block, codec.dagPb),
    cidVersion: profile.cidVersion,
    fileBytes: 0,
    dagBytes: sumDagBytes(block, links)
  }
}

/** `path` has taken the bits of the shards above. */
export interface Entry {
  readonly link: DirectoryLink
  readonly path: HamtPath
}

/** Bits of the hash a level takes: 256 positions. */
export const bitsPerLevel = 8

/** One shard and those below it: https://specs.ipfs.tech/unixfs/#dag-pb-hamtdirectory */
export function buildShard(
  target: Target,
  entries: readonly Entry[],
  depth: number,
  metadata: Metadata = {}
): Node {
  if (depth >= limits.dagDepth) {
    const [one, other] = entries.map(({ link }) => JSON.stringify(nameText(link.name)))
    throw new CairnError('unsupported', `${one} and ${other} have one hash: rename one of them`)
  }
  const { fanout } = target.profile.hamt
  const positions = new Map<number, Entry[]>()
  for (const entry of entries) {
    const position = entry.path.take(bitsPerLevel)
    const there = positions.get(position)
    if (there === undefined) positions.set(position, [entry])
    else there.push(entry)
  }
  const taken = [...positions.keys()].sort((a, b) => a - b)
  const links = taken.map(position => {
    const prefix = hamtPrefix(position, fanout)
    const there = positions.get(position)!
    if (there.length > 1) return { ...buildShard(target, there, depth + 1), name: prefix }
    const { link } = there[0]!
    return { ...link, name: (prefix + link.name) as Name }
  })
  return addShard(target, { links, positions: taken }, metadata)
}

export interface ShardLinks {
  /** By position, labelled. */
  readonly links: readonly OutgoingLink[]
  /** Of the links. */
  readonly positions: readonly number[]
}

export function addShard(
  target: Target,
  { links, positions }: ShardLinks,
  metadata: Metadata
): Node {
  const { fanout } = target.profile.hamt
  const data = bitfield(positions, fanout)
  return addDirectoryNode(
    target,
    links,
    encodeData({ ...metadata, type: dataType.hamt, data, fanout })
  )
}

/** One bit a position, the lowest in the last byte, without leading zero bytes. */
function bitfield(positions: readonly number[], fanout: number): Uint8Array {
  const bytes = new Uint8Array(fanout / 8)
  for (const position of positions) {
    bytes[bytes.length - 1 - (position >>> 3)]! |= 1 << (position & 7)
  }
  return bytes.subarray(bytes.findIndex(byte => byte !== 0))
}
