import { createHash, type Hash, hash } from 'node:crypto'
import { CairnError } from './errors.ts'

/** The digests that package indexes and manifests name. */
export const digestAlgorithms = ['sha256', 'sha512', 'sha1', 'md5'] as const
export type DigestAlgorithm = (typeof digestAlgorithms)[number]

const digestBytes: Readonly<Record<DigestAlgorithm, number>> = {
  sha256: 32,
  sha512: 64,
  sha1: 20,
  md5: 16
}

/** A digest as `algorithm:hex`, lower case, as OCI writes it: comparable and a database key. */
export type Digest = `${DigestAlgorithm}:${string}`

/** Makes a `Digest` of an algorithm and hex text in either case. Throws `invalid` on a wrong length or character. */
export function digestFromHex(algorithm: DigestAlgorithm, hex: string): Digest {
  if (hex.length !== digestBytes[algorithm] * 2 || !/^[0-9a-f]+$/i.test(hex)) {
    throw new CairnError(
      'invalid',
      `${JSON.stringify(hex.slice(0, 140))} is not a ${algorithm} digest`
    )
  }
  return `${algorithm}:${hex.toLowerCase()}`
}

/** The digest of bytes at hand. */
export function digestOf(algorithm: DigestAlgorithm, bytes: Uint8Array): Digest {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}`
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(':')) as DigestAlgorithm
}

/** Several digests of one stream, made in one pass. */
export class Digester {
  readonly #hashes: ReadonlyArray<readonly [DigestAlgorithm, Hash]>

  constructor(algorithms: readonly DigestAlgorithm[]) {
    this.#hashes = algorithms.map(algorithm => [algorithm, createHash(algorithm)] as const)
  }

  update(bytes: Uint8Array): void {
    for (const [, hasher] of this.#hashes) hasher.update(bytes)
  }

  /** The digests, in the order asked for; ends the digester. */
  finish(): Digest[] {
    return this.#hashes.map(([algorithm, hasher]): Digest => `${algorithm}:${hasher.digest('hex')}`)
  }
}
