import type { Name } from '../base/names.ts'
import { murmur3 } from './murmur3.ts'

/**
 * Where a name lies in a sharded directory: its hash, taken from the highest bit on, a few bits a
 * level. When 64 bits are used up it goes on with the hash of the name and one more byte that
 * counts (1, 2, …), as ipfs-unixfs-importer does.
 */
export class HamtPath {
  readonly #name: Name
  #half: readonly [number, number]
  #hashes = 0
  #bitsTaken = 0

  constructor(name: Name) {
    this.#name = name
    this.#half = murmur3(Buffer.from(name, 'latin1'))
  }

  /** The next `bits` (at most 16) as a number. */
  take(bits: number): number {
    let value = 0
    for (let rest = bits; rest > 0; ) {
      if (this.#bitsTaken === 64) this.#nextHash()
      const within = this.#bitsTaken % 32
      const count = Math.min(rest, 32 - within)
      const half = this.#bitsTaken < 32 ? this.#half[0] : this.#half[1]
      value = (value << count) | ((half >>> (32 - within - count)) & ((1 << count) - 1))
      this.#bitsTaken += count
      rest -= count
    }
    return value
  }

  #nextHash(): void {
    this.#hashes++
    this.#bitsTaken = 0
    const counted = Buffer.from(`${this.#name}${String.fromCharCode(this.#hashes)}`, 'latin1')
    this.#half = murmur3(counted)
  }
}

/** The prefix of the links at a position: upper-case hex, as wide as the largest position. */
export function hamtPrefix(position: number, fanout: number): Name {
  const width = (fanout - 1).toString(16).length
  return position.toString(16).toUpperCase().padStart(width, '0') as Name
}
