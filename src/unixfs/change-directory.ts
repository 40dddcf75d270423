import type { BlockReader, BlockWriter, Multihash } from '../base/blocks.ts'
import { codec } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Name } from '../base/names.ts'
import type { DirectoryLink, Metadata, Node, Profile } from './api.ts'
import {
  addShard,
  bitsPerLevel,
  buildShard,
  type Entry,
  isSharded,
  listBytes,
  type Target
} from './build-directory.ts'
import { HamtPath, hamtPrefix } from './hamt-path.ts'
import { NodeLoader } from './load-node.ts'
import type { ShardNode } from './unixfs-node.ts'

/** A sharded directory that `UnixfsWriter.directory` made under the same profile. */
export interface ShardedBefore {
  readonly multihash: Multihash
  /** Of all its links: `listBytes`. */
  readonly listBytes: number
}

/** What names lead to from now on; undefined: nothing. */
export type DirectoryChanges = ReadonlyMap<Name, DirectoryLink | undefined>

/**
 * The directory that building it of all its links would give, by the shards that change alone. Undefined if it is
 * not sharded any more: build it. Throws `missing` and `corrupt` of the shards it reads.
 */
export function changeDirectory(
  blocks: BlockReader & BlockWriter,
  profile: Profile,
  before: ShardedBefore,
  changes: DirectoryChanges,
  metadata: Metadata = {}
): { readonly node: Node; readonly listBytes: number } | undefined {
  const change = new Change({ blocks, profile }, new NodeLoader(blocks))
  const entries = [...changes].map(([name, link]) => ({ name, link, path: new HamtPath(name) }))
  const links = change.apply(change.load(before.multihash), entries, 0)
  const listed = before.listBytes + change.addedBytes
  if (!isSharded(profile, listed, metadata)) return undefined
  return { node: addShard({ blocks, profile }, inOrder(links), metadata), listBytes: listed }
}

/** Links of a shard by their labels' prefix: of a value the label goes on with its name. */
type Slots = Map<string, DirectoryLink>

interface ChangedEntry {
  readonly name: Name
  readonly link: DirectoryLink | undefined
  readonly path: HamtPath
}

class Change {
  readonly #target: Target
  readonly #nodes: NodeLoader
  readonly #width: number
  addedBytes = 0

  constructor(target: Target, nodes: NodeLoader) {
    this.#target = target
    this.#nodes = nodes
    this.#width = hamtPrefix(0, target.profile.hamt.fanout).length
  }

  load(multihash: Multihash): ShardNode {
    const node = this.#nodes.load(codec.dagPb, multihash)
    if (node.kind === 'shard' && node.fanout === this.#target.profile.hamt.fanout) return node
    throw new CairnError('corrupt', `a ${node.kind} where a shard should be`)
  }

  /** The links of a shard after changes that all belong in it. */
  apply(shard: ShardNode, entries: readonly ChangedEntry[], depth: number): Slots {
    if (depth >= limits.dagDepth) throw new CairnError('corrupt', 'a directory that is too deep')
    const slots: Slots = new Map()
    for (const [label, link] of shard.links) slots.set(label.slice(0, this.#width), link)
    for (const [prefix, there] of this.#byPrefix(entries)) {
      const link = this.#changeSlot(prefix, slots.get(prefix), there, depth)
      if (link === undefined) slots.delete(prefix)
      else slots.set(prefix, link)
    }
    return slots
  }

  #byPrefix(entries: readonly ChangedEntry[]): Map<string, ChangedEntry[]> {
    const groups = new Map<string, ChangedEntry[]>()
    for (const entry of entries) {
      const position = entry.path.take(bitsPerLevel)
      const prefix = hamtPrefix(position, this.#target.profile.hamt.fanout)
      const there = groups.get(prefix)
      if (there === undefined) groups.set(prefix, [entry])
      else there.push(entry)
    }
    return groups
  }

  #changeSlot(
    prefix: string,
    link: DirectoryLink | undefined,
    entries: readonly ChangedEntry[],
    depth: number
  ): DirectoryLink | undefined {
    if (link === undefined || link.name.length > this.#width) {
      return this.#changeValues(prefix, link, entries, depth)
    }
    const below = this.apply(this.load(link.multihash), entries, depth + 1)
    const [only] = below.values()
    if (only === undefined) return undefined
    if (below.size === 1 && only.name.length > this.#width) {
      return { ...only, name: (prefix + only.name.slice(this.#width)) as Name }
    }
    return { ...addShard(this.#target, inOrder(below), {}), name: prefix as Name }
  }

  /** Where one value is, or none: afterwards any number of them, which more than one make a shard. */
  #changeValues(
    prefix: string,
    value: DirectoryLink | undefined,
    entries: readonly ChangedEntry[],
    depth: number
  ): DirectoryLink | undefined {
    const there = new Map<Name, Entry>()
    if (value !== undefined) {
      const name = value.name.slice(this.#width) as Name
      there.set(name, { link: { ...value, name }, path: pathBelow(name, depth) })
    }
    this.addedBytes -= this.#bytesOf(there)
    for (const { name, link, path } of entries) {
      if (link === undefined) there.delete(name)
      else there.set(name, { link: { ...link, name }, path })
    }
    this.addedBytes += this.#bytesOf(there)
    const [only] = there.values()
    if (only === undefined) return undefined
    if (there.size === 1) return { ...only.link, name: (prefix + only.link.name) as Name }
    return { ...buildShard(this.#target, [...there.values()], depth + 1), name: prefix as Name }
  }

  #bytesOf(entries: ReadonlyMap<Name, Entry>): number {
    const links = [...entries.values()].map(({ link }) => link)
    return listBytes(this.#target.profile, links)
  }
}

/** The path of a name that lies in a shard of so many above it, beyond that shard's own bits. */
function pathBelow(name: Name, depth: number): HamtPath {
  const path = new HamtPath(name)
  for (let level = 0; level <= depth; level++) path.take(bitsPerLevel)
  return path
}

function inOrder(slots: Slots): { links: DirectoryLink[]; positions: number[] } {
  const prefixes = [...slots.keys()].sort()
  return {
    links: prefixes.map(prefix => slots.get(prefix)!),
    positions: prefixes.map(prefix => Number.parseInt(prefix, 16))
  }
}
