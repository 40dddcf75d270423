import { type BlockReader, codec, type Multihash } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { DirectoryLink } from './api.ts'
import { type NodeLoader, naming, wantingNext } from './load-node.ts'
import { damaged } from './protobuf.ts'
import type { FileNode } from './unixfs-node.ts'

/** Reads files through their trees. Whatever is returned was checked against the sizes that the tree claims. */
export class FileReader {
  readonly #blocks: BlockReader
  readonly #nodes: NodeLoader
  /** Of the file read last, which is mostly read on. */
  #root: Place | undefined

  constructor(blocks: BlockReader, nodes: NodeLoader) {
    this.#blocks = blocks
    this.#nodes = nodes
  }

  /** As `UnixfsReader.readFile`. */
  read(code: number, multihash: Multihash, target: Uint8Array, position: number): number {
    if (position < 0) throw new CairnError('invalid', `position ${position} is before the file`)
    if (code === codec.raw) return this.#blocks.readInto(multihash, position, target)
    const root = this.#rootOf(code, multihash)
    const bytes = Math.min(target.length, Math.max(0, root.node.bytes - position))
    for (let done = 0; done < bytes; ) {
      done += this.#readPart(root, position + done, within(target, done, bytes), 0)
    }
    return bytes
  }

  /** To find it in the cache takes a key of text: a tenth of what a small read costs. */
  #rootOf(code: number, multihash: Multihash): Place {
    const last = this.#root
    if (last !== undefined && code === codec.dagPb && sameBytes(last.multihash, multihash)) {
      return last
    }
    const node = this.#nodes.load(code, multihash)
    if (node.kind !== 'file') throw notAFile(node.kind)
    this.#root = { node, multihash: multihash.slice() }
    return this.#root
  }

  /** Reads from the one child that holds `position`, or the node's own bytes: at least one byte. */
  #readPart(place: Place, position: number, target: Uint8Array, depth: number): number {
    const { node, multihash } = place
    if (depth > limits.dagDepth) {
      throw naming(codec.dagPb, multihash, damaged(`a file of over ${limits.dagDepth} levels`))
    }
    if (position < node.inlineBytes) return this.#readInline(place, position, target)
    const index = childAt(node.starts, position)
    const start = node.starts[index]!
    const childBytes = node.starts[index + 1]! - start
    const part = within(target, 0, Math.min(target.length, childBytes - (position - start)))
    try {
      return this.#readChild(place, index, { position: position - start, childBytes }, part, depth)
    } catch (cause) {
      throw wantingNext(cause, after(node.children, index))
    }
  }

  #readChild(
    { node }: Place,
    index: number,
    { position, childBytes }: { position: number; childBytes: number },
    part: Uint8Array,
    depth: number
  ): number {
    const child = node.children[index]!
    if (child.codec === codec.raw) {
      if (node.checked[index] === 0) this.#checkLeaf(node, index, child, childBytes)
      return this.#readExactly(child, position, part)
    }
    const below = this.#nodes.load(child.codec, child.multihash)
    if (below.kind !== 'file' || below.bytes !== childBytes) {
      const found = below.kind === 'file' ? `${below.bytes} bytes` : `a ${below.kind}`
      throw lyingSize(child, childBytes, found)
    }
    const next: Place = { node: below, multihash: child.multihash }
    return this.#readPart(next, position, part, depth + 1)
  }

  #readInline({ node, multihash }: Place, position: number, target: Uint8Array): number {
    const part = target.subarray(0, Math.min(target.length, node.inlineBytes - position))
    if (node.inline !== undefined) {
      part.set(node.inline.subarray(position, position + part.length))
      return part.length
    }
    const link = { codec: codec.dagPb, multihash }
    return this.#readExactly(link, node.inlineStart + position, part)
  }

  /** Once a leaf: an unexpected length would shift all that follows. */
  #checkLeaf(node: FileNode, index: number, child: DirectoryLink, bytes: number): void {
    const found = this.#blocks.size(child.multihash)
    if (found !== undefined && found !== bytes) throw lyingSize(child, bytes, `${found} bytes`)
    if (found !== undefined) node.checked[index] = 1
  }

  #readExactly(link: LinkTarget, offset: number, target: Uint8Array): number {
    const found = this.#readInto(link, offset, target)
    if (found !== target.length) throw lyingSize(link, offset + target.length, `${offset + found}`)
    return found
  }

  #readInto({ codec: code, multihash }: LinkTarget, offset: number, target: Uint8Array): number {
    try {
      return this.#blocks.readInto(multihash, offset, target)
    } catch (cause) {
      throw naming(code, multihash, cause)
    }
  }
}

interface Place {
  readonly node: FileNode
  readonly multihash: Multihash
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = one.length - 1; at >= 0; at--) if (one[at] !== other[at]) return false
  return true
}

type LinkTarget = Pick<DirectoryLink, 'codec' | 'multihash'>

/** As `subarray`; a view costs as much to make as the rest of a small read's arithmetic. */
function within(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
}

function* after<T>(list: readonly T[], index: number): Generator<T> {
  for (let at = index + 1; at < list.length; at++) yield list[at]!
}

/** The last child that begins at or before `position`; children of no bytes are passed over. */
function childAt(starts: Float64Array, position: number): number {
  let low = 0
  let high = starts.length - 1
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (starts[middle]! <= position) low = middle
    else high = middle
  }
  return low
}

function lyingSize({ codec: code, multihash }: LinkTarget, claimed: number, found: string): Error {
  return naming(code, multihash, damaged(`${claimed} bytes were claimed of it, there are ${found}`))
}

function notAFile(kind: string): CairnError {
  if (kind === 'symlink') return new CairnError('invalid', 'a symlink has no content to read')
  return new CairnError('is-directory', 'a directory has no content to read: list it')
}
