import { type BlockReader, codec, type Multihash } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import type { NodeInfo, OpenUnixfsReader } from './api.ts'
import { NodeLoader, naming } from './load-node.ts'
import { rawLeavesOf } from './raw-leaves.ts'
import { DirectoryReader } from './read-directory.ts'
import { FileReader } from './read-file.ts'
import type { UnixfsNode } from './unixfs-node.ts'
import { walkDag } from './walk.ts'

/** A reader with caches of its own, for one thread. */
export const openUnixfsReader: OpenUnixfsReader = blocks => {
  const nodes = new NodeLoader(blocks)
  const files = new FileReader(blocks, nodes)
  const directories = new DirectoryReader(nodes)
  const infoOf = (code: number, multihash: Multihash): NodeInfo =>
    code === codec.raw ? rawInfo(blocks, multihash) : nodeInfo(nodes.load(code, multihash))
  return {
    info: cid => infoOf(cid.code, cid.multihash.bytes),
    infoOf,
    readFile: (code, multihash, target, position) => files.read(code, multihash, target, position),
    rawLeaves: (code, multihash) =>
      code === codec.raw
        ? [{ multihash, length: rawInfo(blocks, multihash).bytes }]
        : rawLeavesOf(nodes, multihash),
    readSymlink: (code, multihash) => {
      const node = code === codec.raw ? undefined : nodes.load(code, multihash)
      if (node?.kind === 'symlink') return node.target
      throw new CairnError('invalid', 'it is not a symlink')
    },
    lookup: (code, multihash, name) => directories.lookup(code, multihash, name),
    list: (code, multihash) => directories.list(code, multihash),
    order: (code, multihash, counts) => directories.order(code, multihash, counts),
    walk: cid => walkDag(blocks, cid.code, cid.multihash.bytes)
  }
}

function rawInfo(blocks: BlockReader, multihash: Multihash): NodeInfo {
  const bytes = blocks.size(multihash)
  if (bytes !== undefined) return { kind: 'file', bytes }
  throw naming(codec.raw, multihash, new CairnError('missing', 'not here'))
}

function nodeInfo(node: UnixfsNode): NodeInfo {
  switch (node.kind) {
    case 'file':
      return { ...node.metadata, kind: 'file', bytes: node.bytes }
    case 'symlink':
      return { ...node.metadata, kind: 'symlink', bytes: node.target.length }
    default:
      return { ...node.metadata, kind: 'directory', bytes: 0 }
  }
}
