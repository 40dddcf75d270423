import { codec, type Multihash } from './blocks.ts'
import { limits } from './limits.ts'

/**
 * The framing of segments and transfers: CARv1, https://ipld.io/specs/transport/car/carv1/
 * A header, then records: varint of the length of what follows, a CID, the block's bytes.
 */

/**
 * The header of every segment and transfer: `{ roots: [bafkqaaa], version: 1 }` in dag-cbor. Neither has a
 * root; the empty identity CID stands for that, since some readers refuse an empty list.
 */
export const carHeader: Uint8Array = Buffer.from(
  '19a265726f6f747381d82a4500015500006776657273696f6e01',
  'hex'
)

/** The most a record's head can take: two varints of at most 9 bytes, a version, the longest multihash. */
export const maxHeadBytes = 9 + 1 + 9 + 128

/** What comes before a block's bytes in its record: length, CIDv1. */
export function encodeHead(code: number, multihash: Multihash, blockBytes: number): Uint8Array {
  const cidBytes = 1 + varintLength(code) + multihash.length
  const total = cidBytes + blockBytes
  const head = Buffer.allocUnsafe(varintLength(total) + cidBytes)
  let at = writeVarint(head, 0, total)
  head[at++] = 1
  at = writeVarint(head, at, code)
  head.set(multihash, at)
  return head
}

export interface Head {
  readonly code: number
  readonly multihash: Multihash
  /** Length of the head: the block's bytes follow. */
  readonly headBytes: number
  readonly blockBytes: number
}

/** Reads a record's head from the front of `bytes`, or says why it is none. The multihash is a view, not a copy. */
export function decodeHead(bytes: Uint8Array): Head | string {
  const length = readVarint(bytes, 0)
  if (length === undefined) return 'no length of a record'
  const cid = readCid(bytes, length.end)
  if (cid === undefined) return 'no CID'
  const blockBytes = length.value - (cid.end - length.end)
  if (blockBytes < 0) return 'a record shorter than its CID'
  if (blockBytes > limits.blockBytes) return `a block of ${blockBytes} bytes, over the bound`
  return { code: cid.code, multihash: cid.multihash, headBytes: cid.end, blockBytes }
}

function readCid(bytes: Uint8Array, start: number) {
  if (bytes[start] === 0x12 && bytes[start + 1] === 0x20)
    return readMultihash(bytes, start, codec.dagPb)
  if (bytes[start] !== 1) return undefined
  const code = readVarint(bytes, start + 1)
  return code && readMultihash(bytes, code.end, code.value)
}

function readMultihash(bytes: Uint8Array, start: number, code: number) {
  const hashCode = readVarint(bytes, start)
  const length = hashCode && readVarint(bytes, hashCode.end)
  if (length === undefined) return undefined
  const end = length.end + length.value
  if (end - start > 128 || end > bytes.length) return undefined
  return { code, multihash: bytes.subarray(start, end), end }
}

function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) length++
  return length
}

function writeVarint(target: Uint8Array, start: number, value: number): number {
  let at = start
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) target[at++] = (rest % 128) | 128
  target[at++] = rest
  return at
}

/** An unsigned varint of at most 7 bytes (2^49): https://github.com/multiformats/unsigned-varint */
export function readVarint(
  bytes: Uint8Array,
  start: number
): { value: number; end: number } | undefined {
  let value = 0
  for (let index = 0; index < 7; index++) {
    const byte = bytes[start + index]
    if (byte === undefined) return undefined
    value += (byte & 127) * 128 ** index
    if (byte < 128) return { value, end: start + index + 1 }
  }
  return undefined
}

/** An unsigned varint, as CARs have it before each section. */
export function encodeVarint(value: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(value))
  writeVarint(bytes, 0, value)
  return bytes
}
