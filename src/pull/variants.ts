import type { Derivation } from './adapter.ts'
import type { Catalog, CatalogItem } from './api.ts'
import { bounds } from './bounds.ts'
import type { HeldItems } from './held-items.ts'

/**
 * The variants of derived items that are held: the first that was made has the item's key, others keys beside
 * it. Their entity tag is `<digest of the source> <variant>`.
 */
export class Variants {
  readonly #catalog: Catalog
  readonly #held: HeldItems

  constructor(catalog: Catalog, held: HeldItems) {
    this.#catalog = catalog
    this.#held = held
  }

  /** What was made of this very source, or, without one, of an older one too. */
  find(key: string, { variant }: Derivation, source?: CatalogItem): CatalogItem | undefined {
    const wanted = `${source?.digests[0] ?? ''} ${variant}`
    const found = placesOf(key).find(place => {
      const etag = this.#catalog.get(place)?.etag
      return source === undefined ? etag?.endsWith(wanted) : etag === wanted
    })
    return found === undefined ? undefined : this.#held.get(found)
  }

  /** Takes in what was made of the source: instead of the askers' last, or of what was used least. */
  put(item: CatalogItem, { variant }: Derivation, source: CatalogItem): CatalogItem {
    const etag = `${source.digests[0]} ${variant}`
    return this.#catalog.together(() => {
      const places = placesOf(item.key).map(key => ({ key, item: this.#catalog.get(key) }))
      const rank = ({ item }: (typeof places)[number]): number =>
        item === undefined ? -1 : askersOf(item) === wordOf(variant, 0) ? -2 : item.usedMs
      const [chosen] = places.toSorted((one, other) => rank(one) - rank(other))
      const placed = { ...item, key: chosen?.key ?? item.key, etag }
      this.#catalog.put(placed)
      for (const { key, item } of places) {
        const made = item !== undefined && key !== placed.key
        if (made && wordOf(item.etag, 0) !== source.digests[0]) this.#catalog.remove(key)
      }
      return placed
    })
  }
}

function askersOf({ etag }: CatalogItem): string | undefined {
  return wordOf(etag, 1)
}

function wordOf(text: string | undefined, at: number): string | undefined {
  return text?.split(' ', at + 1)[at]
}

function placesOf(key: string): string[] {
  return Array.from({ length: bounds.variants }, (_, at) => (at === 0 ? key : `${key}~${at}`))
}
