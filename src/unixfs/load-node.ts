import {
  type BlockReader,
  cidText,
  codec,
  type Multihash,
  makeCid,
  multihashKey
} from '../base/blocks.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { DirectoryLink } from './api.ts'
import { LruCache } from './lru-cache.ts'
import { parseLargeLeaf } from './parse-large-leaf.ts'
import { parseUnixfsNode, type UnixfsNode } from './unixfs-node.ts'

/** Decoded nodes of one thread: the index of some 80 GiB of files, or 80,000 entries. Each FUSE thread fills one of its own. */
const defaultCacheBytes = 24 * 1024 * 1024

/** What a link costs in memory, about: its object, its view of the multihash, its place in a map. */
const linkCacheBytes = 300

/** Reads and understands dag-pb blocks, and keeps them. */
export class NodeLoader {
  readonly #blocks: BlockReader
  readonly #cache: LruCache<UnixfsNode>

  constructor(blocks: BlockReader, cacheBytes = defaultCacheBytes) {
    this.#blocks = blocks
    this.#cache = new LruCache(cacheBytes)
  }

  /** Throws `missing`, `corrupt`, and `unsupported` for a codec that is not dag-pb. */
  load(code: number, multihash: Multihash): UnixfsNode {
    const key = multihashKey(multihash)
    const cached = this.#cache.get(key)
    if (cached !== undefined && code === codec.dagPb) return cached
    if (code !== codec.dagPb) throw unknownCodec(code, multihash)
    const { node, bytes } = this.#read(multihash)
    this.#cache.set(key, node, key.length + bytes)
    return node
  }

  #read(multihash: Multihash): { node: UnixfsNode; bytes: number } {
    try {
      const leaf = parseLargeLeaf(this.#blocks, multihash)
      if (leaf !== undefined) return { node: leaf, bytes: linkCacheBytes }
      const block = this.#blocks.read(multihash)
      const node = parseUnixfsNode(block)
      return { node, bytes: memoryOf(node, block) }
    } catch (cause) {
      throw naming(codec.dagPb, multihash, cause)
    }
  }
}

/** Bytes that a node takes: with a link it keeps its whole block, for the link's multihash is a view into that. */
function memoryOf(node: UnixfsNode, block: Uint8Array): number {
  const links = linksOf(node)
  const own = linkCacheBytes * (1 + links)
  if (links > 0) return own + block.length
  if (node.kind === 'file') return own + (node.inline?.length ?? 0)
  return node.kind === 'symlink' ? own + node.target.length : own
}

function linksOf(node: UnixfsNode): number {
  switch (node.kind) {
    case 'file':
      return node.children.length
    case 'directory':
      return node.entries.size
    case 'shard':
      return node.links.size
    case 'symlink':
      return 0
  }
}

/** The error, saying of which CID; a `missing` one wants exactly that CID. */
export function naming(code: number, multihash: Multihash, cause: unknown): CairnError {
  const error = toCairnError(cause)
  const id = makeCid(code, multihash).toString()
  if (error.code === 'missing') {
    const want = { kind: 'block', id } as const
    return new CairnError('missing', `block ${id} is not here`, { cause, want })
  }
  return new CairnError(error.code, `${id}: ${error.message}`, { cause })
}

/** A `missing` error, telling also what lies behind what it tells of, one more than is ever fetched ahead; any other as it is. */
export function wantingNext(
  cause: unknown,
  links: Iterable<Pick<DirectoryLink, 'codec' | 'multihash' | 'cidVersion'>>
): unknown {
  if (!(cause instanceof CairnError) || cause.want?.kind !== 'block') return cause
  const ahead = [...(cause.want.ahead ?? [])]
  if (ahead.length > limits.blocksAhead) return cause
  for (const { codec: code, multihash, cidVersion } of links) {
    if (ahead.length > limits.blocksAhead) break
    ahead.push(cidText(code, multihash, cidVersion))
  }
  return new CairnError('missing', cause.message, { cause, want: { ...cause.want, ahead } })
}

export function unknownCodec(code: number, multihash: Multihash): CairnError {
  const id = makeCid(code, multihash).toString()
  const name = `0x${code.toString(16)}`
  return new CairnError(
    'unsupported',
    `${id} is of codec ${name}: only UnixFS (dag-pb and raw) can be read as files`
  )
}
