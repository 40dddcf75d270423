import type { Trouble } from './api.ts'

/** More than an operator reads: the oldest go first. */
const most = 100

/** What of upstreams did not work when it was tried last. */
export class Troubles {
  readonly #known = new Map<string, Trouble>()

  note(of: string, problem: string, nowMs: number): void {
    const sinceMs = this.#known.get(of)?.sinceMs ?? nowMs
    this.#known.delete(of)
    this.#known.set(of, { of, problem, sinceMs, lastMs: nowMs })
    const [oldest] = this.#known.keys()
    if (this.#known.size > most && oldest !== undefined) this.#known.delete(oldest)
  }

  /** It works. */
  clear(of: string): void {
    this.#known.delete(of)
  }

  list(): Trouble[] {
    return [...this.#known.values()].reverse()
  }
}
