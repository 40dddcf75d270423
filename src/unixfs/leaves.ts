import type { Node } from './api.ts'

/** Bytes of a sha2-256 multihash. */
const multihashBytes = 34

/**
 * The leaves of a file in order, packed: a file of a tebibyte has a million. Two such lists of
 * neighbouring parts of a file are one after the other with `append`.
 */
export class Leaves {
  #multihashes = new Uint8Array(16 * multihashBytes)
  /** Two numbers a leaf: bytes of the file in it, and length of its block. */
  #sizes = new Float64Array(32)
  #length = 0
  /** How long the last leaf's chunk was, if it was all zeros; else 0. */
  #zeros = 0

  get length(): number {
    return this.#length
  }

  push(multihash: Uint8Array, fileBytes: number, blockBytes: number): void {
    this.#reserve(this.#length + 1)
    this.#multihashes.set(multihash, this.#length * multihashBytes)
    this.#sizes[this.#length * 2] = fileBytes
    this.#sizes[this.#length * 2 + 1] = blockBytes
    this.#length++
  }

  /**
   * Adds the last leaf once more if that and the chunk are zeros of one length: in a sparse file most
   * chunks are, and need no hash.
   */
  repeatsLast(chunk: Uint8Array): boolean {
    if (this.#zeros === 0 || chunk.length !== this.#zeros || !isZero(chunk)) {
      this.#zeros = 0
      return false
    }
    const at = (this.#length - 1) * multihashBytes
    const multihash = this.#multihashes.slice(at, at + multihashBytes)
    this.push(multihash, chunk.length, this.#sizes[this.#length * 2 - 1]!)
    return true
  }

  /** The chunk of the leaf that was pushed last. */
  rememberZeros(chunk: Uint8Array): void {
    this.#zeros = isZero(chunk) ? chunk.length : 0
  }

  append({ multihashes, sizes }: PackedLeaves): void {
    this.#reserve(this.#length + sizes.length / 2)
    this.#multihashes.set(multihashes, this.#length * multihashBytes)
    this.#sizes.set(sizes, this.#length * 2)
    this.#length += sizes.length / 2
    this.#zeros = 0
  }

  /** The leaves from `start` on, `count` at most, as nodes to link. */
  nodes(start: number, count: number, codec: number, cidVersion: 0 | 1): Node[] {
    const end = Math.min(this.#length, start + count)
    const nodes: Node[] = []
    for (let index = start; index < end; index++) {
      const at = index * multihashBytes
      const multihash = this.#multihashes.slice(at, at + multihashBytes)
      const fileBytes = this.#sizes[index * 2]!
      nodes.push({ codec, multihash, cidVersion, fileBytes, dagBytes: this.#sizes[index * 2 + 1]! })
    }
    return nodes
  }

  /** What another thread needs to `append` them. */
  pack(): PackedLeaves {
    return {
      multihashes: this.#multihashes.slice(0, this.#length * multihashBytes),
      sizes: this.#sizes.slice(0, this.#length * 2)
    }
  }

  #reserve(length: number): void {
    if (length * 2 <= this.#sizes.length) return
    const capacity = Math.max(length, this.#sizes.length)
    const multihashes = new Uint8Array(capacity * multihashBytes)
    multihashes.set(this.#multihashes)
    const sizes = new Float64Array(capacity * 2)
    sizes.set(this.#sizes)
    this.#multihashes = multihashes
    this.#sizes = sizes
  }
}

export interface PackedLeaves {
  readonly multihashes: Uint8Array
  readonly sizes: Float64Array
}

/** Compared with itself moved by one byte, once its ends are zero: no second buffer is needed. */
function isZero(chunk: Uint8Array): boolean {
  if (chunk.length === 0 || chunk[0] !== 0 || chunk.at(-1) !== 0) return false
  return Buffer.compare(chunk.subarray(1), chunk.subarray(0, -1)) === 0
}
