import { limits } from '../base/limits.ts'

/** Tells when /mfs is to be sealed in the background, of times and counts of writes alone. */
export class SealSchedule {
  #writes = -1
  #writtenMs: number
  /** The writes that the last try knew of, and when it ended. */
  #sealedWrites = -1
  #sealedMs: number
  /** No seal for followers before. */
  #restedMs = 0
  /** The writes that were looked at for followers. */
  #lookedWrites = -1

  constructor(nowMs: number) {
    this.#writtenMs = nowMs
    this.#sealedMs = nowMs
  }

  /**
   * True when writing has paused, or has gone on for long. `writes` grows with every write. What is still
   * dirty after a try, because it is open for writing or the disk is full, is tried again now and then.
   */
  isDue(nowMs: number, writes: number, isDirty: () => boolean): boolean {
    this.#note(nowMs, writes)
    const sinceMs = nowMs - this.#sealedMs
    const isIdle = nowMs - this.#writtenMs >= limits.sealIdleMs
    const isNews = writes !== this.#sealedWrites || sinceMs >= limits.sealAgainMs
    if (!(isIdle && isNews) && sinceMs < limits.sealLatestMs) return false
    if (isDirty()) return true
    this.tried(nowMs, writes)
    return false
  }

  /** True when writing has rested for a moment, or goes on for long, and what is published is dirty. */
  isDueForFollowers(nowMs: number, writes: number, isDirty: () => boolean): boolean {
    this.#note(nowMs, writes)
    if (writes === this.#sealedWrites || writes === this.#lookedWrites) return false
    if (nowMs < this.#restedMs) return false
    const isIdle = nowMs - this.#writtenMs >= limits.publishedIdleMs
    if (!isIdle && nowMs - this.#sealedMs < limits.publishedLatestMs) return false
    this.#lookedWrites = writes
    return isDirty()
  }

  #note(nowMs: number, writes: number): void {
    if (writes !== this.#writes) this.#writtenMs = nowMs
    this.#writes = writes
  }

  /** A try has ended that began when `writes` were counted, and took so long, well or not. */
  tried(nowMs: number, writes: number, tookMs = 0): void {
    this.#restedMs = nowMs + tookMs * limits.publishedRests
    this.#sealedMs = nowMs
    this.#sealedWrites = writes
  }
}
