import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import { toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Names } from '../names/api.ts'
import type { Refresher } from '../names/refresh.ts'
import type { Log } from './logger.ts'

export interface WatchOwnOptions {
  readonly names: Pick<Names, 'heads' | 'publications'>
  readonly refresher: Pick<Refresher, 'ask'>
  readonly asks: boolean
  readonly clock: Clock
  readonly log: Log
}

/** So soon after something was published others are asked whether they took it. */
const publishedMs = 30_000
/** Who publishes waits so long for others to say what they have, once after the start. */
const lookOutMs = 3_000

/**
 * Whether somebody else publishes with a key of ours: another machine has it, or this home was restored from a copy
 * and does not know what it published since. What is found is kept as a head, and told.
 */
export class WatchOwn {
  readonly #options: WatchOwnOptions
  readonly #end = new AbortController()
  /** When each own name was asked for last. */
  readonly #askedMs = new Map<string, number>()
  readonly #asking = new Map<string, Promise<void>>()
  /** Those whose first question was answered, or was not in time. */
  readonly #lookedOut = new Set<string>()
  /** Published since it was asked for. */
  readonly #published = new Set<string>()
  #warnedHeads = 0

  constructor(options: WatchOwnOptions) {
    this.#options = options
  }

  /** Every own name was asked for once: a sequence that others have already must not be given again. */
  get isLookedOut(): boolean {
    const { asks, names } = this.#options
    if (!asks) return true
    return names.publications().every(({ name }) => this.#lookedOut.has(name))
  }

  published(name: string): void {
    this.#published.add(name)
  }

  /** Resolves when others were asked since the start, or do not answer. */
  async ask(name: string): Promise<void> {
    if (!this.#options.asks) return
    if (!this.#askedMs.has(name)) this.#begin(name)
    await Promise.race([this.#asking.get(name), wait(lookOutMs, undefined, { ref: false })])
  }

  tick(): void {
    this.#warnOfHeads()
    const { asks, names, clock } = this.#options
    if (!asks) return
    for (const { name } of names.publications()) {
      const sinceMs = clock.nowMs() - (this.#askedMs.get(name) ?? 0)
      const dueMs = this.#published.has(name) ? publishedMs : limits.nameWatchMs
      if (sinceMs >= dueMs && !this.#asking.has(name)) this.#begin(name)
    }
  }

  #begin(name: string): void {
    this.#askedMs.set(name, this.#options.clock.nowMs())
    this.#published.delete(name)
    const asking = this.#askOthers(name).finally(() => {
      this.#asking.delete(name)
      this.#lookedOut.add(name)
    })
    this.#asking.set(name, asking)
  }

  async #askOthers(name: string): Promise<void> {
    try {
      await this.#options.refresher.ask(name, this.#end.signal)
    } catch (cause) {
      const { code, message } = toCairnError(cause)
      if (code === 'aborted') return
      this.#options.log.debug({ name, message }, 'an own name was not found elsewhere')
    }
  }

  #warnOfHeads(): void {
    const { names, log } = this.#options
    const heads = names.heads()
    if (heads.length > this.#warnedHeads) {
      const [{ name, value } = { name: '', value: '' }] = heads.slice(-1)
      log.warn(
        { name, value },
        'another machine publishes with a key of this one, or this home is an old copy: see cairn key ls'
      )
    }
    this.#warnedHeads = heads.length
  }

  async close(): Promise<void> {
    this.#end.abort()
    await Promise.all(this.#asking.values())
  }
}
