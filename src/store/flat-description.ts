import { hash } from 'node:crypto'
import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Multihash } from '../base/blocks.ts'
import { toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { descriptionPath } from './segment-files.ts'

/**
 * What lies in a flat segment, in a file beside it: with both, the index can be made anew. Beside it and
 * not behind its bytes, for until the rows are committed the file is still the draft that it was.
 *
 * The format: 16 bytes that name it; length (u16) and bytes of the UTF-8 path where the file was, seen from the
 * folder; how many leaves (u32); of each the sha2-256 digest (32 bytes) and the length (u32), in the order of
 * the file and without gaps; the sha2-256 digest of all this. Numbers are little-endian.
 */
export interface FlatDescription {
  readonly source: string
  readonly leaves: LeafTable
}

/** Raw blocks that a file consists of, in order, packed: a file of a tebibyte has a million. */
export interface LeafTable {
  /** 34 bytes each: sha2-256. */
  readonly multihashes: Uint8Array
  /** Bytes of each. */
  readonly lengths: Float64Array
}

export interface FlatLeaf {
  readonly multihash: Multihash
  readonly offset: number
  readonly length: number
}

const magic = Buffer.from('cairn leaves v1\n')
const multihashBytes = 34
const digestBytes = 32
const recordBytes = digestBytes + 4

export function* leavesIn({ multihashes, lengths }: LeafTable): IterableIterator<FlatLeaf> {
  let offset = 0
  for (const [index, length] of lengths.entries()) {
    const at = index * multihashBytes
    yield { multihash: multihashes.slice(at, at + multihashBytes), offset, length }
    offset += length
  }
}

/** Length in bytes of the file that the leaves are of. */
export function bytesOfLeaves({ lengths }: LeafTable): number {
  return lengths.reduce((sum, length) => sum + length, 0)
}

export function encodeDescription({ source, leaves }: FlatDescription): Uint8Array {
  const path = Buffer.from(source)
  const front = magic.length + 2 + path.length + 4
  const bytes = Buffer.alloc(front + leaves.lengths.length * recordBytes + digestBytes)
  magic.copy(bytes)
  bytes.writeUInt16LE(path.length, magic.length)
  path.copy(bytes, magic.length + 2)
  bytes.writeUInt32LE(leaves.lengths.length, front - 4)
  let at = front
  for (const { multihash, length } of leavesIn(leaves)) {
    bytes.set(multihash.subarray(2), at)
    bytes.writeUInt32LE(length, at + digestBytes)
    at += recordBytes
  }
  bytes.set(hash('sha256', bytes.subarray(0, at), 'buffer'), at)
  return bytes
}

/** Or why it is none: torn, damaged, or made by somebody else. */
export function decodeDescription(bytes: Buffer): FlatDescription | string {
  const end = bytes.length - digestBytes
  if (end < magic.length + 6 || !bytes.subarray(0, magic.length).equals(magic)) {
    return 'its description does not begin as one does'
  }
  const digest = hash('sha256', bytes.subarray(0, end), 'buffer')
  if (!digest.equals(bytes.subarray(end))) return 'its description is damaged'
  const pathEnd = magic.length + 2 + bytes.readUInt16LE(magic.length)
  if (pathEnd + 4 > end) return 'its description ends within a path'
  const count = bytes.readUInt32LE(pathEnd)
  const front = pathEnd + 4
  if (front + count * recordBytes !== end) return 'its description has another length than it says'
  const leaves = readLeaves(bytes.subarray(front, end), count)
  if (typeof leaves === 'string') return leaves
  return { source: bytes.toString('utf8', magic.length + 2, pathEnd), leaves }
}

function readLeaves(records: Buffer, count: number): LeafTable | string {
  const multihashes = new Uint8Array(count * multihashBytes)
  const lengths = new Float64Array(count)
  for (let index = 0; index < count; index++) {
    const at = index * recordBytes
    const length = records.readUInt32LE(at + digestBytes)
    if (length > limits.blockBytes) return `a block of ${length} bytes, over the bound`
    multihashes.set([0x12, digestBytes], index * multihashBytes)
    multihashes.set(records.subarray(at, at + digestBytes), index * multihashBytes + 2)
    lengths[index] = length
  }
  return { multihashes, lengths }
}

/** Writes and syncs it; its name is for the caller to sync. Throws `exists` if there is one. */
export function writeDescription(folder: string, id: number, description: Uint8Array): void {
  const file = openSync(descriptionPath(folder, id), 'wx', 0o600)
  try {
    for (let at = 0; at < description.length; ) {
      at += writeSync(file, description, at, description.length - at)
    }
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Of the segment in the folder, or why there is none to go by. */
export function readDescription(folder: string, id: number): FlatDescription | string {
  try {
    return decodeDescription(readFileSync(descriptionPath(folder, id)))
  } catch (cause) {
    const error = toCairnError(cause, `cannot read ${descriptionPath(folder, id)}`)
    if (error.code === 'not-found') return 'its description is not there'
    throw error
  }
}
