import type { Metadata } from './api.ts'
import { putVarint, varintBytes } from './protobuf.ts'

/** `DataType` of https://specs.ipfs.tech/unixfs/#data-structure */
export const dataType = { raw: 0, directory: 1, file: 2, metadata: 3, symlink: 4, hamt: 5 } as const

/** Multicodec of murmur3-x64-64, the hash of sharded directories. */
export const murmur3Code = 0x22

/** Modes that are what a reader assumes, and are therefore not written. */
const defaultFileMode = 0o644
const defaultDirectoryMode = 0o755

export interface DataFields extends Metadata {
  readonly type: number
  readonly data?: Uint8Array
  /** Bytes below each link, in order; only for files. */
  readonly blockBytes?: readonly number[]
  /** Of a sharded directory. */
  readonly fanout?: number
}

/** A varint of a signed 64-bit integer. */
function signedBytes(value: number): number {
  return value < 0 ? 10 : varintBytes(value)
}

function putSigned(target: Uint8Array, offset: number, value: number): number {
  if (value >= 0) return putVarint(target, offset, value)
  let rest = BigInt.asUintN(64, BigInt(value))
  for (let count = 0; count < 9; count++, rest >>= 7n) {
    target[offset + count] = Number(rest & 127n) | 128
  }
  target[offset + 9] = Number(rest)
  return offset + 10
}

/** The permission bits to write: none for those that a reader would assume. */
function writtenMode({ type, mode }: DataFields): number | undefined {
  const isDirectory = type === dataType.directory || type === dataType.hamt
  const assumed = isDirectory ? defaultDirectoryMode : defaultFileMode
  return mode === undefined || (mode & 0o7777) === assumed ? undefined : mode & 0o7777
}

/** Seconds beyond a safe integer, which disks and archives may have, become the last that can be read back. */
function writtenSeconds({ mtimeSeconds }: Metadata): number | undefined {
  if (mtimeSeconds === undefined || Number.isSafeInteger(mtimeSeconds)) return mtimeSeconds
  return Math.sign(mtimeSeconds) * Number.MAX_SAFE_INTEGER
}

function mtimeBytes(metadata: Metadata): number {
  const { mtimeNanoseconds = 0 } = metadata
  const mtimeSeconds = writtenSeconds(metadata)
  if (mtimeSeconds === undefined) return 0
  return 1 + signedBytes(mtimeSeconds) + (mtimeNanoseconds > 0 ? 5 : 0)
}

function fileBytesOf({ data, blockBytes = [] }: DataFields): number {
  return blockBytes.reduce((sum, bytes) => sum + bytes, data?.length ?? 0)
}

function putMtime(target: Uint8Array, offset: number, fields: DataFields): number {
  const { mtimeNanoseconds = 0 } = fields
  const mtimeSeconds = writtenSeconds(fields)
  if (mtimeSeconds === undefined) return offset
  let at = offset
  target[at++] = 0x42
  at = putVarint(target, at, mtimeBytes(fields))
  target[at++] = 0x08
  at = putSigned(target, at, mtimeSeconds)
  if (mtimeNanoseconds === 0) return at
  target[at++] = 0x15
  for (let shift = 0; shift < 32; shift += 8) target[at++] = (mtimeNanoseconds >>> shift) & 255
  return at
}

function putField(target: Uint8Array, offset: number, tag: number, value: number): number {
  target[offset] = tag
  return putVarint(target, offset + 1, value)
}

/** Length of what `encodeData` would make. */
export function dataBytes(fields: DataFields): number {
  const { type, data, blockBytes = [], fanout } = fields
  let total = 1 + varintBytes(type)
  if (data !== undefined && data.length > 0) total += 1 + varintBytes(data.length) + data.length
  if (type === dataType.file) total += 1 + varintBytes(fileBytesOf(fields))
  for (const bytes of blockBytes) total += 1 + varintBytes(bytes)
  if (fanout !== undefined) total += 2 + 1 + varintBytes(fanout)
  const mode = writtenMode(fields)
  if (mode !== undefined) total += 1 + varintBytes(mode)
  const mtime = mtimeBytes(fields)
  return mtime === 0 ? total : total + 2 + mtime
}

/** The UnixFS message that goes into a dag-pb block's data: https://specs.ipfs.tech/unixfs/#data-structure */
export function encodeData(fields: DataFields): Uint8Array {
  const { type, data, blockBytes = [], fanout } = fields
  const message = Buffer.allocUnsafe(dataBytes(fields))
  let at = putField(message, 0, 0x08, type)
  if (data !== undefined && data.length > 0) {
    at = putField(message, at, 0x12, data.length)
    message.set(data, at)
    at += data.length
  }
  if (type === dataType.file) at = putField(message, at, 0x18, fileBytesOf(fields))
  for (const bytes of blockBytes) at = putField(message, at, 0x20, bytes)
  if (fanout !== undefined) {
    at = putField(message, at, 0x28, murmur3Code)
    at = putField(message, at, 0x30, fanout)
  }
  const mode = writtenMode(fields)
  if (mode !== undefined) at = putField(message, at, 0x38, mode)
  putMtime(message, at, fields)
  return message
}
