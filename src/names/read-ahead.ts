import type { CID } from 'multiformats/cid'
import { multihashKey } from '../base/blocks.ts'
import { limits } from '../base/limits.ts'

/** Places at which readings may go on that are remembered. */
const places = 1024

/**
 * How far to fetch ahead of readings: one block where a reading begins, twice as many each time it goes on where
 * that was expected, up to a bound. Who jumps about is not followed.
 */
export class ReadAhead {
  /** Blocks that somebody may read next, the oldest first, and how many were fetched ahead there. */
  readonly #expected = new Map<string, number>()

  /** A block is read, and `next` lie behind it: those to fetch now. */
  after(cid: CID, next: readonly CID[]): readonly CID[] {
    const before = this.#expected.get(keyOf(cid))
    const count = Math.min(limits.blocksAhead, before === undefined ? 1 : before * 2)
    for (const each of next.slice(0, count + 1)) this.#expect(keyOf(each), count)
    return next.slice(0, count)
  }

  #expect(key: string, count: number): void {
    this.#expected.delete(key)
    this.#expected.set(key, count)
    const [oldest] = this.#expected.keys()
    if (this.#expected.size > places && oldest !== undefined) this.#expected.delete(oldest)
  }
}

function keyOf({ multihash }: CID): string {
  return multihashKey(multihash.bytes)
}
