import { hash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { CID as Cid } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'

/**
 * What the layers above know of a block store. Blocks are keyed by multihash (its bytes: code,
 * length, digest), so CIDs of different version or codec over the same bytes share a block.
 * Everything here is synchronous: it is called from FUSE workers and importers that block.
 */
export type Multihash = Uint8Array

export interface BlockReader {
  /** Length of the block in bytes, or undefined if it is not here. Identity multihashes are always here. */
  size: (multihash: Multihash) => number | undefined
  /** The whole block. Throws `missing` (with its want) if it is not here, `corrupt` if its record is damaged. */
  read: (multihash: Multihash) => Uint8Array
  /** Copies from `offset` of the block into `target` until either ends; returns the bytes copied. Throws as `read`. */
  readInto: (multihash: Multihash, offset: number, target: Uint8Array) => number
}

export interface BlockWriter {
  /**
   * Hashes the bytes (sha2-256), stores them once, and returns the multihash. Visible to other readers
   * after `flush`. `code` is the multicodec its record is labelled with, so that a CAR tool can walk a
   * segment (default raw); the label plays no part in looking a block up. The caller may reuse the
   * bytes. Throws `invalid` over `limits.blockBytes`, `no-space`.
   */
  add: (bytes: Uint8Array, code?: number) => Multihash
  /** Makes all that was added readable, data before index. With `durable` it also survives a power cut. */
  flush: (options?: { durable?: boolean }) => void
}

/** Multicodec codes: https://github.com/multiformats/multicodec/blob/master/table.csv */
export const codec = { raw: 0x55, dagPb: 0x70 } as const

const sha256Prefix = [0x12, 0x20]

/** The sha2-256 multihash of bytes: 34 bytes. */
export function sha256Multihash(bytes: Uint8Array): Multihash {
  const multihash = new Uint8Array(34)
  multihash.set(sha256Prefix)
  multihash.set(hash('sha256', bytes, 'buffer'), 2)
  return multihash
}

/** The CID of a codec and a multihash; version 0 only for dag-pb over sha2-256. */
export function makeCid(code: number, multihash: Multihash, version: 0 | 1 = 1): CID {
  const [hashCode, length] = multihash
  if (hashCode === 0x12 && length === 0x20) {
    return Cid.create(version, code, createDigest(0x12, multihash.subarray(2)))
  }
  const prefix = version === 0 ? [] : [1]
  return Cid.decode(Buffer.concat([Buffer.from(prefix), encodeVarint(code), multihash]))
}

/** A CID as text, as `makeCid(…).toString()`: several times faster for what listings show by the thousand. */
export function cidText(code: number, multihash: Multihash, version: 0 | 1 = 1): string {
  const [hashCode, length] = multihash
  if (version === 0 || code > 0x7f || hashCode !== 0x12 || length !== 0x20) {
    return makeCid(code, multihash, version).toString()
  }
  return `b${base32(1, code, multihash)}`
}

const base32Alphabet = 'abcdefghijklmnopqrstuvwxyz234567'

/** Two bytes, then the rest, without padding: https://www.rfc-editor.org/rfc/rfc4648#section-6 */
function base32(first: number, second: number, rest: Uint8Array): string {
  let text = ''
  let bits = 16
  let held = (first << 8) | second
  for (let index = 0; ; index++) {
    for (; bits >= 5; bits -= 5) text += base32Alphabet[(held >> (bits - 5)) & 31]
    const byte = rest[index]
    if (byte === undefined) break
    held = ((held & 31) << 8) | byte
    bits += 8
  }
  return bits === 0 ? text : text + base32Alphabet[(held << (5 - bits)) & 31]
}

function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return Uint8Array.from([...bytes, value])
}

/** A multihash as a map key: one character a byte. */
export function multihashKey(multihash: Multihash): string {
  return Buffer.from(multihash.buffer, multihash.byteOffset, multihash.byteLength).toString(
    'latin1'
  )
}
