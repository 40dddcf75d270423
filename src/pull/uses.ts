import type { Catalog, CatalogItem } from './api.ts'
import { bounds } from './bounds.ts'

/**
 * When items were served last: gathered in memory and written together, an item at most once in a while. A process that
 * dies loses the last few, and nothing depends on them.
 */
export class Uses {
  readonly #catalog: Pick<Catalog, 'use'>
  readonly #unwritten = new Map<string, number>()
  #sinceMs = 0

  constructor(catalog: Pick<Catalog, 'use'>) {
    this.#catalog = catalog
  }

  /** False if it was noted a short while ago: `usedMs`. */
  note({ key, usedMs }: Pick<CatalogItem, 'key' | 'usedMs'>, nowMs: number): boolean {
    const isNew = nowMs - usedMs > bounds.useGranularityMs
    if (isNew && !this.#unwritten.has(key)) {
      if (this.#unwritten.size === 0) this.#sinceMs = nowMs
      this.#unwritten.set(key, nowMs)
    }
    const isOld = nowMs - this.#sinceMs >= bounds.usesWaitMs
    if (this.#unwritten.size >= bounds.usesTogether || isOld) this.write()
    return isNew
  }

  write(): void {
    if (this.#unwritten.size === 0) return
    this.#catalog.use(this.#unwritten)
    this.#unwritten.clear()
  }
}
