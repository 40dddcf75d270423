import { hash, randomInt } from 'node:crypto'
import type { Multihash } from '../base/blocks.ts'

const digestBytes = 32
const wordBytes = 4
/** Slots for each entry that there is room for: half of them stay free. */
const slotsOfEntry = 2

/**
 * Multihashes in 40 to 80 bytes each, where a set of texts takes three times that: what remembers millions of nodes
 * of a hostile DAG must not take all memory. Where one lies is decided by random numbers too, so that nobody can
 * choose multihashes that all lie at one place.
 */
export class MultihashSet {
  readonly #factors = Array.from({ length: digestBytes / wordBytes }, () => randomInt(2 ** 32))
  #digests = new Uint8Array(64 * digestBytes)
  /** The number of the entry, from 1; 0: none. Entry n begins at (n - 1) digests. */
  #slots = new Uint32Array(64 * slotsOfEntry)
  #size = 0

  get size(): number {
    return this.#size
  }

  has(multihash: Multihash): boolean {
    return this.#slots[this.#find(digestOf(multihash))] !== 0
  }

  /** Does nothing if it is there. */
  add(multihash: Multihash): void {
    const digest = digestOf(multihash)
    if (this.#slots[this.#find(digest)] !== 0) return
    if ((this.#size + 1) * digestBytes > this.#digests.byteLength) this.#grow()
    this.#digests.set(digest, this.#size * digestBytes)
    this.#slots[this.#find(digest)] = ++this.#size
  }

  /** The slot of a digest, or the free one where it belongs. */
  #find(digest: Uint8Array): number {
    let slot = this.#begin(digest, 0)
    for (;;) {
      const entry = this.#slots[slot]!
      if (entry === 0 || this.#isAt(entry - 1, digest)) return slot
      slot = slot + 1 === this.#slots.length ? 0 : slot + 1
    }
  }

  #begin(bytes: Uint8Array, offset: number): number {
    let sum = 0
    for (let word = 0; word < this.#factors.length; word++) {
      const at = offset + word * wordBytes
      const value =
        bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
      sum = Math.imul(sum ^ value, this.#factors[word]! | 1)
      sum ^= sum >>> 15
    }
    return (sum >>> 0) % this.#slots.length
  }

  #isAt(entry: number, digest: Uint8Array): boolean {
    const from = entry * digestBytes
    for (let at = 0; at < digestBytes; at++) {
      if (this.#digests[from + at] !== digest[at]) return false
    }
    return true
  }

  #grow(): void {
    const digests = new Uint8Array(this.#digests.byteLength * 2)
    digests.set(this.#digests)
    this.#digests = digests
    this.#slots = new Uint32Array(this.#slots.length * 2)
    for (let entry = 0; entry < this.#size; entry++) {
      let slot = this.#begin(digests, entry * digestBytes)
      while (this.#slots[slot] !== 0) slot = slot + 1 === this.#slots.length ? 0 : slot + 1
      this.#slots[slot] = entry + 1
    }
  }
}

/** A SHA-256 is its own; of any other the whole multihash has one. */
function digestOf(multihash: Multihash): Uint8Array {
  const isSha256 = multihash.byteLength === 2 + digestBytes && multihash[0] === 0x12
  return isSha256 ? multihash.subarray(2) : hash('sha256', multihash, 'buffer')
}
