import { setImmediate } from 'node:timers/promises'
import { toCairnError } from '../base/errors.ts'

/** Work between two pauses, in units of about ten microseconds: some milliseconds. */
const unitsBetweenPauses = 512

/** A file or an entry costs about this much besides its bytes. */
export const entryUnits = 4

/** Bytes that cost about one unit to read and hash. */
const bytesPerUnit = 8192

/** Lets the thread's other work in between pieces of synchronous work, and notices an abort. */
export class Breather {
  readonly #signal: AbortSignal | undefined
  #units = 0

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
  }

  /** Counts work that was done; pauses when it is enough. Throws `aborted`. */
  async did(units: number, bytes = 0): Promise<void> {
    throwIfAborted(this.#signal)
    this.#units += units + bytes / bytesPerUnit
    if (this.#units < unitsBetweenPauses) return
    this.#units = 0
    await setImmediate()
    throwIfAborted(this.#signal)
  }
}

/** Throws `aborted`, or what the signal was aborted with. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw toCairnError(signal.reason)
}
