import type { BlockReader, Multihash } from '../base/blocks.ts'
import { decodeData } from './decode-data.ts'
import { dataType } from './encode-data.ts'
import { MessageReader } from './protobuf.ts'
import { type FileNode, fileNode } from './unixfs-node.ts'

/** Below this a block is read whole: two reads would cost more. */
const largeBlockBytes = 64 * 1024

/** Holds what comes before a leaf's bytes, and in its tail what comes after them. */
const headBytes = 64
const maxTailBytes = 1024

/**
 * A file node without links whose bytes fill its block, understood from the two ends of the block: what a
 * `stat` of it needs. Undefined if the block is not of that shape; then it is to be read whole.
 */
export function parseLargeLeaf(blocks: BlockReader, multihash: Multihash): FileNode | undefined {
  const size = blocks.size(multihash)
  if (size === undefined || size < largeBlockBytes) return undefined
  const head = Buffer.allocUnsafe(headBytes)
  blocks.readInto(multihash, 0, head)
  const inline = findInline(head, size)
  if (inline === undefined) return undefined
  const tail = Buffer.allocUnsafe(size - inline.end)
  blocks.readInto(multihash, inline.end, tail)
  const message = Buffer.concat([head.subarray(inline.messageStart, inline.fieldStart), tail])
  const data = decodeData(message, 0, message.length)
  const isFile = data.type === dataType.file || data.type === dataType.raw
  if (!isFile || data.start !== data.end) return undefined
  return fileNode({ ...data, start: inline.start, end: inline.end }, [], undefined)
}

interface Inline {
  /** Where the UnixFS message begins, and in it the field of the bytes. */
  readonly messageStart: number
  readonly fieldStart: number
  /** The bytes themselves. */
  readonly start: number
  readonly end: number
}

/** Expects: dag-pb data up to the block's end; in it the type, then the bytes, then a short rest. */
function findInline(head: Uint8Array, size: number): Inline | undefined {
  const message = new MessageReader(head)
  if (message.varint() !== 0x0a) return undefined
  const dataBytes = message.varint()
  const messageStart = message.position
  if (messageStart + dataBytes !== size || message.varint() !== 0x08) return undefined
  message.varint()
  const fieldStart = message.position
  if (message.varint() !== 0x12) return undefined
  const bytes = message.varint()
  const start = message.position
  const end = start + bytes
  if (end > size || size - end > maxTailBytes) return undefined
  return { messageStart, fieldStart, start, end }
}
