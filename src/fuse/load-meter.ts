/**
 * Load is judged over this long: starting a thread costs as much as answering ten thousand requests.
 * Where nothing is written threads have nothing to wait for in each other, and a reader's load is short.
 */
const windowMs = { reading: 250, writing: 1000 } as const
/** Above this share of the time spent answering, a second thread may have something to do. */
const busyShare = 0.5
/** From this share of requests on that are not of the caller of the one before, callers do not wait for each other. */
const mixedShare = 0.1
/** Answers that take so long on average keep everybody waiting. */
const slowMs = 5

/** What a window of requests says: one thread more would help, this one helps nobody, or neither. */
export type LoadVerdict = 'more' | 'fewer' | undefined

/**
 * Tells from the times at which a thread takes and answers requests, and from who asks, whether another
 * would help. A caller has one request under way at a time, so one that keeps a thread busy alone gains
 * nothing: its requests would go from thread to thread, and each would first have to read anew
 * what the other wrote to the database, which makes creating files take twice as long.
 */
export class LoadMeter {
  #beganMs = 0
  #busyMs = 0
  #takenMs = 0
  #requests = 0
  #changes = 0
  #caller = 0
  readonly #windowMs: number

  /** `use`: what can be done with the tree. */
  constructor(use: keyof typeof windowMs) {
    this.#windowMs = windowMs[use]
  }

  /** `caller`: the number of the thread that asks; 0 for what the kernel asks by itself. */
  take(nowMs: number, caller: number): void {
    if (this.#requests === 0) this.#beganMs = nowMs
    this.#takenMs = nowMs
    this.#requests++
    if (caller === 0 || caller === this.#caller) return
    this.#caller = caller
    this.#changes++
  }

  /** The request taken last is answered: a verdict at the end of each window. */
  answered(nowMs: number): LoadVerdict {
    this.#busyMs += nowMs - this.#takenMs
    const passedMs = nowMs - this.#beganMs
    if (passedMs < this.#windowMs) return undefined
    const slow = this.#busyMs > slowMs * this.#requests
    const mixed = this.#changes > mixedShare * this.#requests
    const busy = this.#busyMs > busyShare * passedMs
    this.#busyMs = 0
    this.#requests = 0
    this.#changes = 0
    if (!slow && !mixed) return 'fewer'
    return busy ? 'more' : undefined
  }
}
