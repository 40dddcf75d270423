import { codec, type Multihash } from '../base/blocks.ts'
import { isUsableName, type Name } from '../base/names.ts'
import type { DirectoryLink, DirectoryOrder, ShardCounts } from './api.ts'
import { HamtPath, hamtPrefix } from './hamt-path.ts'
import type { DirectoryReader } from './read-directory.ts'
import type { ShardNode } from './unixfs-node.ts'

/**
 * The places of a sharded directory's entries in its list, without the list: that of 200,000 entries
 * takes 65,000 blocks to read and 60 MB to hold. What is remembered is, of each shard with shards below
 * it, how many entries there are up to each of its links: a kilobyte for every 800 entries.
 */
export class ShardedOrder implements DirectoryOrder {
  readonly #directories: DirectoryReader
  readonly #counts: ShardCounts
  readonly #root: Multihash

  constructor(directories: DirectoryReader, counts: ShardCounts, root: Multihash) {
    this.#directories = directories
    this.#counts = counts
    this.#root = root
  }

  get length(): number {
    return this.#ends(this.#root, this.#shard(this.#root)).at(-1) ?? 0
  }

  find(name: Name): { position: number; link: DirectoryLink } | undefined {
    if (!isUsableName(name)) return undefined
    const path = new HamtPath(name)
    let multihash = this.#root
    for (let before = 0; ; ) {
      const shard = this.#shard(multihash)
      const prefix = hamtPrefix(path.take(Math.log2(shard.fanout)), shard.fanout)
      const below = shard.links.get(prefix)
      const label = below === undefined ? ((prefix + name) as Name) : prefix
      const link = below ?? shard.links.get(label)
      if (link === undefined) return undefined
      const index = indexOf(shard, label)
      before += index === 0 ? 0 : (this.#ends(multihash, shard)[index - 1] ?? 0)
      if (below === undefined) return { position: before, link: { ...link, name } }
      multihash = below.multihash
    }
  }

  slice(start: number, count: number): DirectoryLink[] {
    const found: DirectoryLink[] = []
    this.#collect(this.#root, start, start + count, found)
    return found
  }

  /** Entries of a shard from the one at `start` to before the one at `end`, counted within it. */
  #collect(multihash: Multihash, start: number, end: number, found: DirectoryLink[]): void {
    const shard = this.#shard(multihash)
    const ends = this.#ends(multihash, shard)
    const width = widthOf(shard)
    let index = 0
    let before = 0
    for (const [label, link] of shard.links) {
      const after = ends[index++] ?? before
      if (before >= end) return
      if (after > start && after > before) {
        if (label.length > width) found.push({ ...link, name: label.slice(width) as Name })
        else this.#collect(link.multihash, start - before, end - before, found)
      }
      before = after
    }
  }

  #shard(multihash: Multihash): ShardNode {
    return this.#directories.shard(codec.dagPb, multihash)
  }

  /** How many entries there are up to and with each link of a shard. */
  #ends(multihash: Multihash, shard: ShardNode): Uint32Array {
    if (!hasShards(shard)) return flatEnds(shard)
    const known = this.#counts.get(multihash)
    if (known !== undefined) return known
    // It has the checks without which a few hostile blocks unfold into more than can be counted.
    this.#directories.list(codec.dagPb, this.#root)
    const counted: Array<{ multihash: Multihash; ends: Uint32Array }> = []
    const ends = this.#count(shard, multihash, counted)
    this.#counts.add(counted)
    return ends
  }

  /** Reads all that is below a shard, once ever. */
  #count(
    shard: ShardNode,
    multihash: Multihash,
    counted: Array<{ multihash: Multihash; ends: Uint32Array }>
  ): Uint32Array {
    const width = widthOf(shard)
    const ends = flatEnds(shard)
    let index = 0
    let added = 0
    for (const [label, link] of shard.links) {
      if (label.length === width) {
        const below = this.#shard(link.multihash)
        const inner = hasShards(below)
          ? this.#count(below, link.multihash, counted)
          : flatEnds(below)
        added += inner.at(-1) ?? 0
      }
      ends[index] = (ends[index] ?? 0) + added
      index++
    }
    counted.push({ multihash, ends })
    return ends
  }
}

/** Of a flat directory: its list is at hand. */
export class FlatOrder implements DirectoryOrder {
  readonly #links: readonly DirectoryLink[]
  readonly #positions: () => ReadonlyMap<Name, number>

  constructor(links: readonly DirectoryLink[], positions: () => ReadonlyMap<Name, number>) {
    this.#links = links
    this.#positions = positions
  }

  get length(): number {
    return this.#links.length
  }

  find(name: Name): { position: number; link: DirectoryLink } | undefined {
    const position = this.#positions().get(name)
    const link = position === undefined ? undefined : this.#links[position]
    return position === undefined || link === undefined ? undefined : { position, link }
  }

  slice(start: number, count: number): DirectoryLink[] {
    return this.#links.slice(start, start + count)
  }
}

function widthOf({ fanout }: ShardNode): number {
  return hamtPrefix(0, fanout).length
}

function hasShards(shard: ShardNode): boolean {
  const width = widthOf(shard)
  for (const label of shard.links.keys()) if (label.length === width) return true
  return false
}

/** The entries of the shard itself, those below it not counted. */
function flatEnds(shard: ShardNode): Uint32Array {
  const width = widthOf(shard)
  const ends = new Uint32Array(shard.links.size)
  let index = 0
  let count = 0
  for (const label of shard.links.keys()) {
    if (label.length > width && isUsableName(label.slice(width) as Name)) count++
    ends[index++] = count
  }
  return ends
}

function indexOf(shard: ShardNode, label: Name): number {
  let index = 0
  for (const each of shard.links.keys()) {
    if (each === label) return index
    index++
  }
  return index
}
