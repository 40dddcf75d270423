/** Keys remembered until a time, at most so many: the oldest go first. */
export class Remembered {
  readonly #until = new Map<string, number>()
  readonly #entries: number

  constructor(entries: number) {
    this.#entries = entries
  }

  add(key: string, untilMs: number): void {
    this.#until.delete(key)
    this.#until.set(key, untilMs)
    if (this.#until.size <= this.#entries) return
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= this.#entries) return
      this.#until.delete(oldest)
    }
  }

  has(key: string, nowMs: number): boolean {
    const until = this.#until.get(key)
    if (until === undefined) return false
    if (nowMs < until) return true
    this.#until.delete(key)
    return false
  }

  delete(key: string): void {
    this.#until.delete(key)
  }
}
