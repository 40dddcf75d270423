/**
 * A lock in shared memory that queues the writers of one process: SQLite's own busy handler sleeps,
 * this wakes the next thread at once. Not reentrant. Crash of the process frees it by nature.
 */
export class WriteLock {
  /** Hand it to a worker; `new WriteLock(memory)` there is the same lock. */
  readonly memory: SharedArrayBuffer
  readonly #state: Int32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.memory = memory
    this.#state = new Int32Array(memory)
  }

  /** 0 free, 1 held, 2 held with waiters: https://www.akkadia.org/drepper/futex.pdf, section 6. */
  acquire(): void {
    if (Atomics.compareExchange(this.#state, 0, 0, 1) === 0) return
    while (Atomics.exchange(this.#state, 0, 2) !== 0) Atomics.wait(this.#state, 0, 2)
  }

  release(): void {
    if (Atomics.exchange(this.#state, 0, 0) === 2) Atomics.notify(this.#state, 0, 1)
  }
}
