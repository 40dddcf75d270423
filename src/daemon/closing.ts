import type { Log } from './logger.ts'

type Close = (hurry: AbortSignal) => void | Promise<void>

/**
 * What was opened, to be closed in the reverse order: when the daemon ends, and when it fails
 * halfway up. One that fails to close is logged and keeps nobody else from closing.
 */
export class Closing {
  readonly #closes: Close[] = []
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  keep<T>(opened: T, close: (opened: T, hurry: AbortSignal) => void | Promise<void>): T {
    this.#closes.push(hurry => close(opened, hurry))
    return opened
  }

  /** `hurry` cuts short what would wait for others. */
  async run(hurry: AbortSignal): Promise<void> {
    for (let close = this.#closes.pop(); close !== undefined; close = this.#closes.pop()) {
      try {
        await close(hurry)
      } catch (cause) {
        this.#log.error({ err: cause }, 'a part did not close')
      }
    }
  }
}
