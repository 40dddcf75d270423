import type { Adapter, Learned } from '../adapter.ts'
import type { CatalogItem } from '../api.ts'
import type { HeldItems } from '../held-items.ts'

/** What versions of documents name, by key; the last few that were asked for are remembered. */
export class NamedItems {
  readonly #adapters: readonly Adapter[]
  readonly #held: HeldItems
  readonly #remembered = new Map<string, Promise<ReadonlyMap<string, Learned>>>()

  constructor(adapters: readonly Adapter[], held: HeldItems) {
    this.#adapters = adapters
    this.#held = held
  }

  /** Where a document names a key twice, the last counts, as in the catalog. Throws as `learn`. */
  async of(document: CatalogItem, key = document.key): Promise<ReadonlyMap<string, Learned>> {
    const version = `${key} ${document.cid}`
    const known = this.#remembered.get(version)
    if (known !== undefined) return await known
    const reading = this.#read(document, key)
    this.#remembered.set(version, reading)
    reading.catch(() => this.#remembered.delete(version))
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size > rememberedVersions && oldest !== undefined) {
      this.#remembered.delete(oldest)
    }
    return await reading
  }

  async #read(document: CatalogItem, key: string): Promise<ReadonlyMap<string, Learned>> {
    const adapter = this.#adapters.find(each => key.startsWith(`${each.name}/`))
    const named = new Map<string, Learned>()
    if (adapter?.learn === undefined) return named
    const bytes = this.#held.read(document)
    for await (const entry of adapter.learn({ key, url: '' }, bytes)) named.set(entry.key, entry)
    return named
  }
}

/** A Release names some thousands of files: half a megabyte each. */
const rememberedVersions = 8
