import type { CID } from 'multiformats/cid'
import { type BlockReader, codec, type Multihash, makeCid, multihashKey } from '../base/blocks.ts'
import { complete, type Satisfies } from '../base/complete.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Name } from '../base/names.ts'
import type { DirectoryLink } from '../unixfs/api.ts'
import { decodeNode } from '../unixfs/decode-node.ts'
import { NodeLoader } from '../unixfs/load-node.ts'
import { openUnixfsReader } from '../unixfs/reader.ts'
import type { FileNode } from '../unixfs/unixfs-node.ts'
import { type CarWish, resolveBytes } from './car-wish.ts'
import { findPlace, type Place, recording } from './find-place.ts'

/** A block of a CAR, by the CID that links it. */
export interface CarBlock {
  readonly cid: CID
  readonly bytes: Uint8Array
}

export interface CarSource extends Satisfies {
  readonly blocks: BlockReader
  readonly signal: AbortSignal
}

/** A path's place, with the blocks on the way that prove it, in their order. */
export async function provePlace(
  source: CarSource,
  root: CID,
  path: readonly Name[]
): Promise<Place & { readonly proof: readonly CID[] }> {
  return await complete(source, source.signal, () => {
    const read: Multihash[] = []
    const reader = openUnixfsReader(recording(source.blocks, multihash => read.push(multihash)))
    const place = findPlace(reader, root, path)
    const proof = [...new Map(read.map(each => [multihashKey(each), each])).values()]
    return { ...place, proof: proof.map(each => cidIn(place.cids, each)) }
  })
}

/** Shards between two parts of a path are linked by CIDs of their folder's version. */
function cidIn(cids: readonly CID[], multihash: Multihash): CID {
  const key = multihashKey(multihash)
  const known = cids.find(cid => multihashKey(cid.multihash.bytes) === key)
  return known ?? makeCid(codec.dagPb, multihash, cids[0]?.version === 0 ? 0 : 1)
}

/**
 * The blocks that a wish asks for below a place, depth first and children in the order of their links;
 * each once unless duplicates are wanted. Blocks that are their own hash are left out: their CID holds
 * them. Throws `missing` at one that cannot be had.
 */
export async function* carBlocks(
  source: CarSource,
  place: { readonly cid: CID; readonly proof: readonly CID[] },
  wish: CarWish
): AsyncGenerator<CarBlock> {
  const sent = new Set<string>()
  const isNew = (cid: CID): boolean => {
    if (cid.multihash.code === 0) return false
    const key = multihashKey(cid.multihash.bytes)
    if (sent.has(key)) return wish.duplicates
    sent.add(key)
    return true
  }
  const last = multihashKey(place.cid.multihash.bytes)
  for (const cid of place.proof) {
    if (multihashKey(cid.multihash.bytes) !== last && isNew(cid)) yield await load(source, cid)
  }
  for await (const cid of wanted(source, place.cid, wish)) {
    if (isNew(cid)) yield await load(source, cid)
  }
}

async function load({ blocks, signal, ...source }: CarSource, cid: CID): Promise<CarBlock> {
  const bytes = await complete(source, signal, () => readBlock(blocks, cid))
  return { cid, bytes }
}

/** Throws `missing` with the CID as its want. */
export function readBlock(blocks: BlockReader, cid: CID): Uint8Array {
  try {
    return blocks.read(cid.multihash.bytes)
  } catch (cause) {
    if (!(cause instanceof CairnError) || cause.code !== 'missing') throw cause
    const want = { kind: 'block', id: cid.toString() } as const
    throw new CairnError('missing', `block ${cid} is not here`, { cause, want })
  }
}

async function* wanted(source: CarSource, cid: CID, wish: CarWish): AsyncGenerator<CID> {
  if (wish.scope === 'block') yield cid
  else if (wish.scope === 'all') yield* everything(source, cid, wish.duplicates)
  else yield* entity(source, cid, wish)
}

/** A DAG that links one node over and over unfolds without end: duplicates are bound. */
async function* everything(source: CarSource, root: CID, duplicates: boolean): AsyncGenerator<CID> {
  const seen = new Set<string>()
  const waiting: CID[] = [root]
  let count = 0
  for (let cid = waiting.pop(); cid !== undefined; cid = waiting.pop()) {
    const key = multihashKey(cid.multihash.bytes)
    const again = seen.has(key)
    if (again && (!duplicates || count++ > limits.carDuplicates)) continue
    seen.add(key)
    // Before it is sent: a root whose links are not known is refused.
    const links = await linksOf(source, cid)
    yield cid
    for (const link of links.toReversed()) waiting.push(cidOf(link))
  }
}

async function linksOf(source: CarSource, cid: CID): Promise<readonly DirectoryLink[]> {
  if (cid.code === codec.raw) return []
  if (cid.code !== codec.dagPb) {
    throw new CairnError('unsupported', `${cid} has a codec whose links are not known`)
  }
  return decodeNode((await load(source, cid)).bytes).links
}

/** A file with its parts, a folder with its shards, a link: not what is in a folder. */
async function* entity(source: CarSource, cid: CID, wish: CarWish): AsyncGenerator<CID> {
  if (cid.code !== codec.dagPb) {
    yield cid
    return
  }
  const nodes = new NodeLoader(source.blocks)
  const node = await complete(source, source.signal, () =>
    nodes.load(cid.code, cid.multihash.bytes)
  )
  if (node.kind === 'file' && wish.bytes !== undefined) {
    const range = resolveBytes(wish.bytes, node.bytes)
    yield* fileBlocks({ source, nodes }, cid, node, range)
  } else if (node.kind === 'file') yield* everything(source, cid, wish.duplicates)
  else yield* folderBlocks(source, cid)
}

async function* folderBlocks(source: CarSource, cid: CID): AsyncGenerator<CID> {
  const read = await complete(source, source.signal, () => {
    const found: Multihash[] = [cid.multihash.bytes]
    const reader = openUnixfsReader(recording(source.blocks, each => found.push(each)))
    const { kind } = reader.info(cid)
    if (kind === 'directory') reader.list(cid.code, cid.multihash.bytes)
    return found
  })
  for (const multihash of read) yield makeCid(codec.dagPb, multihash, cid.version)
}

interface FileWalk {
  readonly source: CarSource
  readonly nodes: NodeLoader
}

/** The blocks of a file that a range of it takes. */
async function* fileBlocks(
  walk: FileWalk,
  cid: CID,
  node: FileNode,
  range: { start: number; end: number },
  depth = 0
): AsyncGenerator<CID> {
  yield cid
  if (depth > limits.dagDepth) throw new CairnError('corrupt', `${cid} is too deep for a file`)
  for (const [index, child] of node.children.entries()) {
    const start = node.starts[index] ?? 0
    const end = node.starts[index + 1] ?? start
    if (end <= range.start || start >= range.end) continue
    const below = cidOf(child)
    if (child.codec === codec.raw) {
      yield below
      continue
    }
    const { source, nodes } = walk
    const inner = await complete(source, source.signal, () =>
      nodes.load(child.codec, child.multihash)
    )
    if (inner.kind !== 'file') throw new CairnError('corrupt', `${below} is no part of a file`)
    const part = { start: range.start - start, end: range.end - start }
    yield* fileBlocks(walk, below, inner, part, depth + 1)
  }
}

function cidOf({ codec: code, multihash, cidVersion }: DirectoryLink): CID {
  return makeCid(code, multihash, cidVersion)
}
