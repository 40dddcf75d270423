import { createHash } from 'node:crypto'
import { type Digest, type DigestAlgorithm, Digester } from '../../base/digest.ts'
import type { Profile } from '../../unixfs/api.ts'
import { Leaves } from '../../unixfs/leaves.ts'

/** The sha2-256 multihash's own bytes, before its digest. */
const multihashPrefix = [0x12, 0x20]

/** What a file's bytes come to. */
export interface Hashed {
  readonly digests: readonly Digest[]
  /** The raw leaves that it would be cut into; undefined where leaves are not the file's own bytes. */
  readonly leaves: Leaves | undefined
}

/** Makes a file's digests, and those of its leaves, while its bytes come. */
export class UploadHasher {
  readonly #digester: Digester
  readonly #leafBytes: number | undefined
  readonly #leaves = new Leaves()
  #leaf = createHash('sha256')
  #inLeaf = 0
  #bytes = 0

  constructor(algorithms: readonly DigestAlgorithm[], { rawLeaves, chunker }: Profile) {
    this.#digester = new Digester(algorithms)
    this.#leafBytes = rawLeaves && chunker.kind === 'fixed' ? chunker.bytes : undefined
  }

  /** So many were taken. */
  get bytes(): number {
    return this.#bytes
  }

  update(piece: Uint8Array): void {
    this.#digester.update(piece)
    this.#bytes += piece.length
    if (this.#leafBytes === undefined) return
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + this.#leafBytes - this.#inLeaf)
      this.#leaf.update(part)
      this.#inLeaf += part.length
      at += part.length
      if (this.#inLeaf === this.#leafBytes) this.#endLeaf()
    }
  }

  #endLeaf(): void {
    const multihash = Buffer.concat([Buffer.from(multihashPrefix), this.#leaf.digest()])
    this.#leaves.push(multihash, this.#inLeaf, this.#inLeaf)
    this.#leaf = createHash('sha256')
    this.#inLeaf = 0
  }

  /** Called once, last. */
  finish(): Hashed {
    if (this.#inLeaf > 0) this.#endLeaf()
    const leaves = this.#leafBytes === undefined ? undefined : this.#leaves
    return { digests: this.#digester.finish(), leaves }
  }
}
