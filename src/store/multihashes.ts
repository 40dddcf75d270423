import { hash } from 'node:crypto'
import { codec, type Multihash, makeCid } from '../base/blocks.ts'
import { readVarint } from '../base/car.ts'
import { CairnError } from '../base/errors.ts'

/** Hash functions by multihash code, as OpenSSL names them: https://github.com/multiformats/multicodec/blob/master/table.csv */
const algorithms: ReadonlyMap<number, string> = new Map([
  [0x11, 'sha1'],
  [0x12, 'sha256'],
  [0x13, 'sha512'],
  [0x14, 'sha3-512'],
  [0x15, 'sha3-384'],
  [0x16, 'sha3-256'],
  [0x17, 'sha3-224'],
  [0x20, 'sha384'],
  [0xb240, 'blake2b512'],
  [0xb260, 'blake2s256']
])

/**
 * True if the bytes have this multihash, of full length: a truncated digest has not.
 * Throws `unsupported` for a hash function not known here.
 */
export function hasMultihash(bytes: Uint8Array, multihash: Multihash): boolean {
  const code = readVarint(multihash, 0)
  const length = code && readVarint(multihash, code.end)
  if (code === undefined || length === undefined) return false
  const digest = multihash.subarray(length.end)
  if (digest.length !== length.value) return false
  if (code.value === 0) return Buffer.compare(digest, bytes) === 0
  const algorithm = algorithms.get(code.value)
  if (algorithm === undefined) {
    throw new CairnError(
      'unsupported',
      `the hash function 0x${code.value.toString(16)} is not known here, so its blocks cannot be verified`
    )
  }
  return hash(algorithm, bytes, 'buffer').equals(digest)
}

/** The bytes that an identity multihash carries in itself, or undefined for any other. */
export function inlineBytes(multihash: Multihash): Uint8Array | undefined {
  if (multihash[0] !== 0) return undefined
  const length = readVarint(multihash, 1)
  return length && multihash.subarray(length.end, length.end + length.value)
}

/** A block as people and other tools name it when only its multihash is known: the CID of its raw bytes. */
export function rawCidText(multihash: Multihash): string {
  return makeCid(codec.raw, multihash).toString()
}
