import { limits } from './limits.ts'

/**
 * A lock in shared memory that queues the writers of one process: SQLite's own busy handler sleeps,
 * this wakes the next thread at once. Not reentrant. Crash of the process frees it by nature.
 *
 * It only orders those who would else meet at SQLite's lock, which is the one that protects: so a
 * thread that was ended while it held this lock delays the next writer once, and blocks nobody.
 */
export class WriteLock {
  /** Hand it to a worker; `new WriteLock(memory)` there is the same lock. */
  readonly memory: SharedArrayBuffer
  readonly #state: Int32Array
  readonly #patienceMs: number

  /** `patienceMs`: a holder of that long is taken for dead, and its place for free. */
  constructor(
    memory: SharedArrayBuffer = new SharedArrayBuffer(8),
    patienceMs: number = limits.databaseBusyMs
  ) {
    this.memory = memory
    this.#state = new Int32Array(memory)
    this.#patienceMs = patienceMs
  }

  /** 0 free, 1 held, 2 held with waiters: https://www.akkadia.org/drepper/futex.pdf, section 6. */
  acquire(): void {
    if (Atomics.compareExchange(this.#state, 0, 0, 1) === 0) return
    while (Atomics.exchange(this.#state, 0, 2) !== 0) {
      if (Atomics.wait(this.#state, 0, 2, this.#patienceMs) === 'timed-out') return
    }
  }

  /** Held, and somebody waits for it. */
  get contended(): boolean {
    return Atomics.load(this.#state, 0) === 2
  }

  /**
   * True while what was answered is not committed (`GroupCommit`): whoever looks at the database
   * acquires the lock first. If it is true still when he has it, the thread that set it is gone.
   */
  get grouping(): boolean {
    return Atomics.load(this.#state, 1) === 1
  }

  set grouping(value: boolean) {
    Atomics.store(this.#state, 1, value ? 1 : 0)
  }

  release(): void {
    if (Atomics.exchange(this.#state, 0, 0) === 2) Atomics.notify(this.#state, 0, 1)
  }
}
