import type { CairnError } from '../base/errors.ts'
import type { Classification } from './adapter.ts'
import type { PullCounts, PullStatistics } from './api.ts'
import { isNotAsked } from './not-asked.ts'
import { Troubles } from './troubles.ts'

type Counts = { -readonly [Name in keyof PullCounts]: PullCounts[Name] }

const nothing: PullCounts = {
  requests: 0,
  hits: 0,
  stale: 0,
  failures: 0,
  bytesServed: 0,
  bytesFetched: 0
}

/** What was asked and done so far, an adapter at a time. */
export class Tally {
  readonly #adapters = new Map<string, Counts>()
  readonly troubles = new Troubles()

  /** The counts of the adapter whose key this is, to be added to. */
  of(key: string): Counts {
    const adapter = key.slice(0, key.indexOf('/'))
    const known = this.#adapters.get(adapter)
    if (known !== undefined) return known
    const counts = { ...nothing }
    this.#adapters.set(adapter, counts)
    return counts
  }

  /**
   * A download ended in an error; true if somebody should hear of it. A body that was wrong says nothing of its upstream's
   * other bodies.
   */
  failed(
    { key, url }: Pick<Classification, 'key' | 'url'>,
    error: CairnError,
    nowMs: number
  ): boolean {
    const { code, message } = error
    if (code === 'not-found' || code === 'aborted') return false
    this.of(key).failures++
    if (isNotAsked(error)) return false
    if (code === 'mismatch') this.troubles.note(key, message, nowMs)
    if (code === 'upstream' || code === 'timeout') {
      this.troubles.note(new URL(url).origin, message, nowMs)
    }
    return true
  }

  statistics(): Omit<PullStatistics, 'flights'> {
    const all = { ...nothing } as Counts
    for (const counts of this.#adapters.values()) {
      for (const name of Object.keys(nothing) as Array<keyof PullCounts>) all[name] += counts[name]
    }
    const adapters = [...this.#adapters].map(([name, counts]) => [name, { ...counts }] as const)
    return { ...all, adapters: Object.fromEntries(adapters), troubles: this.troubles.list() }
  }
}
