import type { CID } from 'multiformats/cid'
import { type Multihash, multihashKey } from '../base/blocks.ts'
import type { Clock } from '../base/clock.ts'
import { bounds } from './bounds.ts'
import { Remembered } from './remembered.ts'

/** Contents that are being read by this process, or were asked for a moment ago: not to be dropped now. */
export class InUse {
  readonly #clock: Clock
  readonly #readers = new Map<string, number>()
  readonly #asked = new Remembered(bounds.wholeEntries)

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Somebody was told that it is here, and may begin to read it. */
  ask(cid: CID): void {
    this.#asked.add(multihashKey(cid.multihash.bytes), this.#clock.nowMs() + bounds.askedMs)
  }

  /** Until what is returned is called, once. */
  read(cid: CID): () => void {
    const key = multihashKey(cid.multihash.bytes)
    this.#readers.set(key, (this.#readers.get(key) ?? 0) + 1)
    return () => {
      const left = (this.#readers.get(key) ?? 1) - 1
      if (left === 0) this.#readers.delete(key)
      else this.#readers.set(key, left)
    }
  }

  has(multihash: Multihash): boolean {
    const key = multihashKey(multihash)
    return this.#readers.has(key) || this.#asked.has(key, this.#clock.nowMs())
  }
}
