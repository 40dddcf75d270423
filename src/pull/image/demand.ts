import { setTimeout as wait } from 'node:timers/promises'
import { untilAborted } from '../../base/until-aborted.ts'
import { bounds } from '../bounds.ts'

/**
 * Who asks for files of indexes has the way to the upstream to himself: the layers themselves come when nobody does,
 * or when what they are wanted for is more than that.
 */
export class Demand {
  readonly #quietMs: number
  readonly #latestMs = performance.now() + bounds.indexLatestMs
  #isWanted = false
  readonly #wanted = Promise.withResolvers<void>()
  #running = 0
  #lastMs = performance.now()

  constructor(quietMs: number) {
    this.#quietMs = quietMs
  }

  /** Brings a file. */
  async during(work: () => Promise<void>): Promise<void> {
    this.#running++
    try {
      await work()
    } finally {
      this.#running--
      this.#lastMs = performance.now()
    }
  }

  /** An index is not enough for somebody. */
  wantWhole(): void {
    this.#isWanted = true
    this.#wanted.resolve()
  }

  /** Resolves when layers may come. Throws `aborted`. */
  async quiet(signal: AbortSignal): Promise<void> {
    while (!this.#isWanted) {
      const leftMs = this.#leftMs()
      if (leftMs <= 0) return
      const pause = wait(leftMs, undefined, { ref: false })
      await untilAborted(Promise.race([this.#wanted.promise, pause]), signal)
    }
  }

  #leftMs(): number {
    const nowMs = performance.now()
    const quietMs = this.#running > 0 ? this.#quietMs : this.#lastMs + this.#quietMs - nowMs
    return Math.min(quietMs, this.#latestMs - nowMs)
  }
}
