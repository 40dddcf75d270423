import { createCipheriv, hash } from 'node:crypto'
import { type Name, toName } from '../../src/base/names.ts'

/**
 * The bytes the fixtures of IPIP-499 are made of: the ChaCha20 key stream (counter and nonce zero)
 * of the seed's sha2-256.
 */
export function seededBytes(length: number, seed: string): Buffer {
  return seededStream(seed)(length)
}

/** The same bytes, piece after piece. */
export function seededStream(seed: string): (length: number) => Buffer {
  const cipher = createCipheriv('chacha20', hash('sha256', seed, 'buffer'), Buffer.alloc(16))
  return length => cipher.update(Buffer.alloc(length))
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz01234567890-_'

/** The file names of its directory fixtures: the last one may have another length. */
export function seededNames(count: number, bytes: number, lastBytes: number, seed: string): Name[] {
  const stream = seededBytes(1024 * 1024, seed)
  let at = 0
  return Array.from({ length: count }, (_, index) => {
    const length = index === count - 1 ? lastBytes : bytes
    const part = stream.subarray(at, at + length)
    at += length
    return toName(Array.from(part, byte => alphabet[byte % alphabet.length]).join(''))
  })
}
