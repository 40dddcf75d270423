import type { Multihash } from '../../base/blocks.ts'

/** Words of a multihash's end that stand for it: 128 bits, for which nobody finds two alike. */
const words = 4

/** A set of multihashes in some 32 bytes each: for millions, where a Set of texts would take 100. */
export class MultihashSet {
  #slots = new Uint32Array(words * 1024)
  #size = 0
  readonly #key = new Uint32Array(words)

  get size(): number {
    return this.#size
  }

  has(multihash: Multihash): boolean {
    this.#read(multihash)
    return this.#slots[this.#find(this.#slots) + words - 1] !== 0
  }

  /** True if it was not there. */
  add(multihash: Multihash): boolean {
    this.#read(multihash)
    if (this.#size * 2 * words >= this.#slots.length) this.#grow()
    const at = this.#find(this.#slots)
    if (this.#slots[at + words - 1] !== 0) return false
    this.#slots.set(this.#key, at)
    this.#size++
    return true
  }

  #read(multihash: Multihash): void {
    this.#key.fill(0)
    const start = Math.max(0, multihash.length - 4 * words)
    for (let index = start; index < multihash.length; index++) {
      const word = (index - start) >> 2
      this.#key[word] = (this.#key[word]! << 8) | multihash[index]!
    }
    // A last word of 0 marks a free slot.
    this.#key[words - 1]! |= 1
  }

  #find(slots: Uint32Array): number {
    const mask = slots.length / words - 1
    const [first, second, third, last] = this.#key
    for (let slot = first! & mask; ; slot = (slot + 1) & mask) {
      const at = slot * words
      if (slots[at + 3] === 0) return at
      const same = slots[at] === first && slots[at + 1] === second && slots[at + 2] === third
      if (same && slots[at + 3] === last) return at
    }
  }

  #grow(): void {
    const old = this.#slots
    const next = new Uint32Array(old.length * 2)
    const key = Uint32Array.from(this.#key)
    for (let at = 0; at < old.length; at += words) {
      if (old[at + words - 1] === 0) continue
      this.#key.set(old.subarray(at, at + words))
      next.set(this.#key, this.#find(next))
    }
    this.#slots = next
    this.#key.set(key)
  }
}
