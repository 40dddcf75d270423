import { CairnError } from '../base/errors.ts'

/** Aborts a request when its time is up or when the flight is given up. */
export class Watch {
  readonly signal: AbortSignal
  readonly #own = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #timedOut: CairnError | undefined

  constructor(outer: AbortSignal) {
    this.signal = AbortSignal.any([outer, this.#own.signal])
  }

  /** Why it aborted, if time was up. */
  get reason(): CairnError | undefined {
    return this.#timedOut
  }

  arm(afterMs: number, what: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timedOut = new CairnError('timeout', `the upstream ${what} for ${afterMs} ms`)
      this.#own.abort(this.#timedOut)
    }, afterMs)
  }

  /** The rest of an answer, if any, is not wanted. */
  end(): void {
    clearTimeout(this.#timer)
    if (!this.#own.signal.aborted) this.#own.abort(new CairnError('aborted', 'answered'))
  }
}
