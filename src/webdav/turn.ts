import { setImmediate } from 'node:timers/promises'
import { limits } from '../base/limits.ts'

/** Long work of one request, cut into turns: between two of them the others have theirs. */
export class Turn {
  #beganMs = performance.now()

  /** Resolves at once while the turn lasts, else in the next one. */
  async next(): Promise<void> {
    if (performance.now() - this.#beganMs < limits.davTurnMs) return
    await setImmediate()
    this.#beganMs = performance.now()
  }
}
