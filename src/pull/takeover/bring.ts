import { CairnError, toCairnError } from '../../base/errors.ts'
import type { Classification, Learned, Takeover } from '../adapter.ts'
import type { Catalog, CatalogItem, Expectation } from '../api.ts'
import { bounds } from '../bounds.ts'
import type { Engine } from '../engine.ts'

/** A member of a new version, and the item that has its bytes. */
export interface Brought {
  readonly key: string
  readonly item: CatalogItem
}

/** Has items in the store, whatever the answers are for. */
export class Bringing {
  readonly #catalog: Catalog
  readonly #engine: Engine

  constructor(catalog: Catalog, engine: Engine) {
    this.#catalog = catalog
    this.#engine = engine
  }

  /** Asks for it, and waits until it is stored. Throws as `fetch`, and `upstream` if only an old version is to be had. */
  async bring(wanted: Classification): Promise<CatalogItem> {
    const leaving = new AbortController()
    try {
      const { from, why } = await this.#engine.fetch(wanted, { signal: leaving.signal })
      if (from === 'stale')
        throw why ?? new CairnError('upstream', `${wanted.url} cannot be had now`)
      if (from !== 'store') await this.#engine.landed(wanted.key)
    } finally {
      leaving.abort()
    }
    const item = this.#engine.held.get(wanted.key)
    if (item === undefined) throw new CairnError('io', `${wanted.key} went while it was fetched`)
    return item
  }

  /**
   * Those of the named items that clients use, in their new version: some version of it was served
   * within `bounds.inUseMs`. Throws if one of them cannot be had, unless `lenient`.
   */
  async members(
    named: Iterable<Learned>,
    ways: Takeover['ways'],
    nowMs: number,
    lenient: boolean
  ): Promise<Brought[]> {
    const wanted = [...named].flatMap(entry => this.#inUse(entry, ways, nowMs))
    const brought: Brought[] = []
    const next = wanted[Symbol.iterator]()
    const work = async (): Promise<void> => {
      for (const { key, options, usedMs } of next) {
        const item = await this.#first(key, options).catch(cause => {
          if (lenient) return undefined
          const why = toCairnError(cause).message
          throw new CairnError('upstream', `its new version names ${key}, not to be had: ${why}`)
        })
        if (item === undefined) continue
        // Brought is not used: what no client asks for any more is not brought for ever.
        this.#catalog.use([[item.key, usedMs]])
        brought.push({ key, item: { ...item, usedMs } })
      }
    }
    await Promise.all(Array.from({ length: bounds.broughtTogether }, work))
    return brought
  }

  #inUse(
    entry: Learned,
    ways: Takeover['ways'],
    nowMs: number
  ): Array<{ key: string; options: readonly Classification[]; usedMs: number }> {
    const options = ways(entry)
    if (options.length === 0) return []
    const old = this.#catalog.expected(entry.key)
    const items = [this.#catalog.get(entry.key), this.#itemOf(entry.key, old, ways)]
    const usedMs = Math.max(0, ...items.map(item => item?.usedMs ?? 0))
    return nowMs - usedMs < bounds.inUseMs ? [{ key: entry.key, options, usedMs }] : []
  }

  /** By-hash clients never ask for the name itself. */
  #itemOf(
    key: string,
    old: Expectation | undefined,
    ways: Takeover['ways']
  ): CatalogItem | undefined {
    const way = old === undefined ? undefined : ways({ key, digest: old.digest })[0]
    return way === undefined ? undefined : this.#catalog.get(way.key)
  }

  async #first(key: string, options: readonly Classification[]): Promise<CatalogItem> {
    let failure: unknown
    for (const option of options) {
      try {
        return await this.bring(option)
      } catch (cause) {
        failure = cause
      }
    }
    throw failure ?? new CairnError('io', `there is no way to get ${key}`)
  }
}
