import { codec, type Multihash } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { RawLeaf } from './api.ts'
import { type NodeLoader, naming } from './load-node.ts'
import { damaged } from './protobuf.ts'
import type { FileNode } from './unixfs-node.ts'

/** As `UnixfsReader.rawLeaves`, of a node of dag-pb. */
export function* rawLeavesOf(nodes: NodeLoader, multihash: Multihash): IterableIterator<RawLeaf> {
  const node = nodes.load(codec.dagPb, multihash)
  if (node.kind !== 'file') throw new CairnError('invalid', `a ${node.kind} has no leaves`)
  yield* leavesBelow(nodes, node, multihash, 0)
}

function* leavesBelow(
  nodes: NodeLoader,
  node: FileNode,
  multihash: Multihash,
  depth: number
): IterableIterator<RawLeaf> {
  if (depth > limits.dagDepth) {
    throw naming(codec.dagPb, multihash, damaged(`a file of over ${limits.dagDepth} levels`))
  }
  if (node.inlineBytes > 0) throw notRaw(multihash)
  for (const [index, child] of node.children.entries()) {
    const length = node.starts[index + 1]! - node.starts[index]!
    if (child.codec === codec.raw) {
      yield { multihash: child.multihash, length }
      continue
    }
    const below = nodes.load(child.codec, child.multihash)
    if (below.kind !== 'file' || below.bytes !== length) throw notRaw(multihash)
    yield* leavesBelow(nodes, below, child.multihash, depth + 1)
  }
}

function notRaw(multihash: Multihash): CairnError {
  const what = new CairnError('unsupported', 'not all of its bytes are in raw leaves')
  return naming(codec.dagPb, multihash, what)
}
