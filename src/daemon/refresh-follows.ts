import type { Clock } from '../base/clock.ts'
import { toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Follow, Names } from '../names/api.ts'
import type { Refresher, ShowOptions } from '../names/refresh.ts'
import type { Log } from './logger.ts'

export interface RefreshFollowsOptions {
  readonly names: Pick<Names, 'follows' | 'record'>
  readonly refresher: Pick<Refresher, 'show' | 'keep'>
  readonly clock: Clock
  readonly log: Log
}

/** Names asked for at a time: those whose publishers do not answer must not hold up the others. */
const together = 8

/**
 * Keeps followed names up to date: each is asked for once after the start, then after its time to live, and
 * shown at once when somebody brought a newer record. Content that is wanted whole comes behind.
 */
export class FollowRefreshing {
  readonly #options: RefreshFollowsOptions
  readonly #end = new AbortController()
  /** Names that were asked for since the start. */
  readonly #asked = new Set<string>()
  readonly #asking = new Map<string, Promise<void>>()
  /** Names being shown because somebody told, and whether somebody told again since. */
  readonly #telling = new Map<string, { again: boolean }>()
  readonly #keeping = new Map<string, Promise<void>>()

  constructor(options: RefreshFollowsOptions) {
    this.#options = options
  }

  /** Asks for those that are due, the one that waited longest first. */
  tick(): void {
    const { names } = this.#options
    const due = names.follows().filter(each => this.#isDue(each))
    for (const { target } of due.toSorted((one, other) => one.askedMs - other.askedMs)) {
      if (this.#asking.size >= together) return
      this.#asked.add(target)
      const asking = this.#show(target).finally(() => this.#asking.delete(target))
      this.#asking.set(target, asking)
    }
  }

  /** A newer record of a key was taken. */
  heard(name: string): void {
    for (const { target } of this.#options.names.follows().filter(each => each.name === name)) {
      void this.#told(target)
    }
  }

  async #told(target: string): Promise<void> {
    const underway = this.#telling.get(target)
    if (underway !== undefined) {
      underway.again = true
      return
    }
    const telling = { again: true }
    this.#telling.set(target, telling)
    while (telling.again && !this.#end.signal.aborted) {
      telling.again = false
      await this.#show(target, { told: true })
    }
    this.#telling.delete(target)
  }

  #isDue({ target, name, askedMs, problem }: Follow): boolean {
    const { names, clock } = this.#options
    if (this.#asking.has(target)) return false
    if (!this.#asked.has(target)) return true
    const ttlMs = name === undefined ? 0 : (names.record(name)?.ttlMs ?? 0)
    const wait = problem === undefined ? ttlMs : limits.nameLeastWaitMs
    const bounded = Math.min(Math.max(wait, limits.nameLeastWaitMs), limits.nameMostWaitMs)
    return clock.nowMs() - askedMs >= bounded
  }

  /** Never rejects. */
  async #show(target: string, options?: ShowOptions): Promise<void> {
    const { signal } = this.#end
    try {
      const { problem } = await this.#options.refresher.show({ target }, signal, options)
      if (problem !== undefined) this.#note(target, problem)
    } catch (cause) {
      this.#note(target, cause)
    }
    if (signal.aborted || this.#keeping.has(target)) return
    const keeping = this.#keep(target).finally(() => this.#keeping.delete(target))
    this.#keeping.set(target, keeping)
  }

  async #keep(target: string): Promise<void> {
    try {
      await this.#options.refresher.keep({ target }, this.#end.signal)
    } catch (cause) {
      this.#note(target, cause)
    }
  }

  #note(target: string, cause: unknown): void {
    const { code, message } = toCairnError(cause)
    if (code === 'aborted') return
    this.#options.log.info({ name: target, code, message }, 'a name was not refreshed')
  }

  async close(): Promise<void> {
    this.#end.abort()
    await Promise.all([...this.#asking.values(), ...this.#keeping.values()])
  }
}
