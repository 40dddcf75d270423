import { opcodeCount } from './protocol.ts'

/** What the threads of a mount share: an Int32Array with these places. */
const place = { waiting: 0, mayGrow: 1, leaving: 2, serving: 3, never: 4, count: 5 } as const

/** The state that all threads of a mount and the main thread see at once. */
export class Control {
  readonly memory: SharedArrayBuffer
  /** For threads that are started: as in `FuseSeat`. */
  openFiles: SharedArrayBuffer | undefined
  readonly #state: Int32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(place.count * 4)) {
    this.memory = memory
    this.#state = new Int32Array(memory)
  }

  /** Threads that wait for a request. */
  get waiting(): number {
    return Atomics.load(this.#state, place.waiting)
  }

  beginWait(): void {
    Atomics.add(this.#state, place.waiting, 1)
  }

  endWait(): void {
    Atomics.sub(this.#state, place.waiting, 1)
  }

  /** Threads between the start and the end of `serveFuse`. */
  get serving(): number {
    return Atomics.load(this.#state, place.serving)
  }

  beginServing(): void {
    Atomics.add(this.#state, place.serving, 1)
  }

  endServing(): void {
    Atomics.sub(this.#state, place.serving, 1)
  }

  /** One thread leaves while others stay: true if there are others; then it counts no longer. */
  retire(): boolean {
    for (;;) {
      const threads = this.serving
      if (threads < 2) return false
      const found = Atomics.compareExchange(this.#state, place.serving, threads, threads - 1)
      if (found === threads) return true
    }
  }

  /** Blocks the calling thread: for a process that exits. */
  sleep(ms: number): void {
    Atomics.wait(this.#state, place.never, 0, ms)
  }

  /** One more thread may be asked for. */
  get mayGrow(): boolean {
    return Atomics.load(this.#state, place.mayGrow) === 1
  }

  set mayGrow(value: boolean) {
    Atomics.store(this.#state, place.mayGrow, value ? 1 : 0)
  }

  /** Threads are to leave after they answered a STATFS, which is how the main thread wakes them. */
  get leaving(): boolean {
    return Atomics.load(this.#state, place.leaving) === 1
  }

  set leaving(value: boolean) {
    Atomics.store(this.#state, place.leaving, value ? 1 : 0)
  }
}

/** A thread's counters: requests by opcode. Written by that thread, read by the main thread. */
export function makeCounters(): SharedArrayBuffer {
  return new SharedArrayBuffer(opcodeCount * 4)
}
