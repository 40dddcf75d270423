/** After so long the kernel asks again by itself (src/fuse/freshness.ts): nobody waits longer, in milliseconds. */
const patienceMs = 1_000

/** Changes that somebody is being told of. */
export class Telling {
  readonly #under = new Set<Promise<void>>()

  /** `heard` never rejects. */
  add(heard: Promise<void>): void {
    this.#under.add(heard)
    void heard.then(() => this.#under.delete(heard))
  }

  /** Resolves when what was added since the last call was heard, or after a second. */
  async told(): Promise<void> {
    if (this.#under.size === 0) return
    const all = [...this.#under]
    this.#under.clear()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, patienceMs)
    await Promise.race([Promise.all(all), promise])
    clearTimeout(timer)
  }
}
