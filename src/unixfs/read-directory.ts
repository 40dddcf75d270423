import { codec, type Multihash, multihashKey } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { isUsableName, type Name } from '../base/names.ts'
import type { DirectoryLink, DirectoryOrder, ShardCounts } from './api.ts'
import { FlatOrder, ShardedOrder } from './directory-order.ts'
import { HamtPath, hamtPrefix } from './hamt-path.ts'
import { type NodeLoader, naming } from './load-node.ts'
import { LruCache } from './lru-cache.ts'
import { damaged } from './protobuf.ts'
import type { ShardNode } from './unixfs-node.ts'

/** Merged lists of sharded directories, and lists of flat ones. */
const defaultListBytes = 16 * 1024 * 1024

/** An entry of a list costs its object, if the node's own is not shared. */
const entryCacheBytes = 200

/** Reads directories, flat or sharded. */
export class DirectoryReader {
  readonly #nodes: NodeLoader
  readonly #lists: LruCache<readonly DirectoryLink[]>
  /** The last list too long for the cache: whoever reads it asks for it once a piece. */
  #longest: { readonly key: string; readonly list: readonly DirectoryLink[] } | undefined
  /** Of flat lists, for as long as they are kept. */
  readonly #positions = new WeakMap<readonly DirectoryLink[], ReadonlyMap<Name, number>>()

  constructor(nodes: NodeLoader, listBytes = defaultListBytes) {
    this.#nodes = nodes
    this.#lists = new LruCache(listBytes)
  }

  /** As `UnixfsReader.lookup`. */
  lookup(code: number, multihash: Multihash, name: Name): DirectoryLink | undefined {
    const node = this.#load(code, multihash)
    if (node.kind === 'directory') return node.entries.get(name)
    if (!isUsableName(name)) return undefined
    const path = new HamtPath(name)
    let shard = node
    for (let depth = 0; depth < limits.dagDepth; depth++) {
      const prefix = hamtPrefix(path.take(Math.log2(shard.fanout)), shard.fanout)
      const below = shard.links.get(prefix)
      if (below === undefined) {
        const link = shard.links.get((prefix + name) as Name)
        return link === undefined ? undefined : { ...link, name }
      }
      shard = this.#loadShard(below)
    }
    throw tooDeep(multihash)
  }

  /** As `UnixfsReader.list`. */
  list(code: number, multihash: Multihash): readonly DirectoryLink[] {
    const key = multihashKey(multihash)
    const cached = code === codec.dagPb ? this.#kept(key) : undefined
    if (cached !== undefined) return cached
    const node = this.#load(code, multihash)
    const list: DirectoryLink[] = node.kind === 'directory' ? [...node.entries.values()] : []
    if (node.kind === 'shard') this.#collect(node, { list, multihash, positions: [] })
    this.#lists.set(key, list, key.length + memoryOf(list))
    if (this.#lists.get(key) === undefined) this.#longest = { key, list }
    return list
  }

  #kept(key: string): readonly DirectoryLink[] | undefined {
    return this.#lists.get(key) ?? (this.#longest?.key === key ? this.#longest.list : undefined)
  }

  /** As `UnixfsReader.order`. */
  order(code: number, multihash: Multihash, counts: ShardCounts): DirectoryOrder {
    const node = this.#load(code, multihash)
    if (node.kind === 'shard') return new ShardedOrder(this, counts, multihash)
    const links = this.list(code, multihash)
    return new FlatOrder(links, () => this.#positionsIn(links))
  }

  #positionsIn(links: readonly DirectoryLink[]): ReadonlyMap<Name, number> {
    const known = this.#positions.get(links)
    if (known !== undefined) return known
    const positions = new Map(links.map((link, position) => [link.name, position]))
    this.#positions.set(links, positions)
    return positions
  }

  /** A shard with entries. Throws `corrupt` if it is none. */
  shard(code: number, multihash: Multihash): ShardNode {
    const node = this.#nodes.load(code, multihash)
    if (node.kind === 'shard') return node
    throw naming(code, multihash, damaged(`a ${node.kind} where a shard should be`))
  }

  #load(code: number, multihash: Multihash) {
    if (code === codec.raw) throw notADirectory()
    const node = this.#nodes.load(code, multihash)
    if (node.kind === 'file' || node.kind === 'symlink') throw notADirectory()
    return node
  }

  #loadShard(link: DirectoryLink): ShardNode {
    const node = this.#nodes.load(link.codec, link.multihash)
    if (node.kind === 'shard' && node.links.size > 0) return node
    const found = node.kind === 'shard' ? 'an empty shard' : `a ${node.kind}`
    throw naming(link.codec, link.multihash, damaged(`${found} where a shard should be`))
  }

  /**
   * Every entry must lie where its hash says, and there only. Without that check a few blocks that link
   * each other crosswise would unfold into more entries than fit in memory, or into one name twice.
   */
  #collect(shard: ShardNode, collection: Collection): void {
    const { list, multihash, positions } = collection
    if (positions.length >= limits.dagDepth) throw tooDeep(multihash)
    const width = hamtPrefix(0, shard.fanout).length
    for (const [label, link] of shard.links) {
      const position = parsePosition(label.slice(0, width), shard.fanout)
      if (position === undefined) throw naming(codec.dagPb, multihash, damaged('a bad shard label'))
      const path = [...positions, { position, fanout: shard.fanout }]
      const name = label.slice(width) as Name
      if (name === '') {
        this.#collect(this.#loadShard(link), { list, multihash, positions: path })
      } else if (!liesAt(name, path)) {
        throw naming(codec.dagPb, multihash, damaged('an entry in the wrong shard'))
      } else if (shard.links.has(label.slice(0, width) as Name)) {
        throw naming(codec.dagPb, multihash, damaged('an entry beside the shard it belongs in'))
      } else if (isUsableName(name)) {
        list.push({ ...link, name })
      }
    }
  }
}

interface Position {
  readonly position: number
  readonly fanout: number
}

interface Collection {
  readonly list: DirectoryLink[]
  /** The root's, for errors. */
  readonly multihash: Multihash
  readonly positions: readonly Position[]
}

/** The position a label begins with, or undefined if it is none of the shard's. */
function parsePosition(prefix: string, fanout: number): number | undefined {
  const position = Number.parseInt(prefix, 16)
  const valid = position < fanout && hamtPrefix(position, fanout) === prefix
  return valid ? position : undefined
}

function liesAt(name: Name, positions: readonly Position[]): boolean {
  const path = new HamtPath(name)
  return positions.every(({ position, fanout }) => path.take(Math.log2(fanout)) === position)
}

/** Bytes that a list takes, with the blocks that its multihashes are views into. */
function memoryOf(list: readonly DirectoryLink[]): number {
  const blocks = new Set(list.map(({ multihash }) => multihash.buffer))
  const held = [...blocks].reduce((sum, { byteLength }) => sum + byteLength, 0)
  return entryCacheBytes * (1 + list.length) + held
}

function notADirectory(): CairnError {
  return new CairnError('not-directory', 'it is not a directory')
}

function tooDeep(multihash: Multihash): CairnError {
  const why = `a sharded directory of over ${limits.dagDepth} levels`
  return naming(codec.dagPb, multihash, damaged(why))
}
