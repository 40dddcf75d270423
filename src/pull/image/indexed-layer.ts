import { setImmediate as turn } from 'node:timers/promises'
import { CairnError } from '../../base/errors.ts'
import type { UnixfsWriter } from '../../unixfs/api.ts'
import type { IndexedEntry, LayerEntry, LayerIndex } from '../adapter.ts'
import type { ImageBudget } from './image-budget.ts'
import type { PendingFile } from './layer-tree.ts'
import type { LayerPlacing, StoredEntry } from './place-layer.ts'
import { storeEntry } from './store-entry.ts'

export interface IndexedLayerOptions {
  readonly writer: UnixfsWriter
  readonly flush: () => void
  readonly budget: ImageBudget
  readonly layer: number
  readonly index: LayerIndex
}

/** Entries that are placed before others have their turn. */
const placedTogether = 256

/**
 * A layer by its index: all that is in it, but of its files' bytes only those that were asked for. When the layer
 * itself comes, it must say the same, since the answers that were given stay given: where metadata differ, those of
 * the index count. https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md#toc-tocentries-and-footer
 */
export class IndexedLayer {
  readonly #options: IndexedLayerOptions
  readonly #pending = new Map<number, PendingFile>()
  readonly #coming = new Map<number, Promise<void>>()

  constructor(options: IndexedLayerOptions) {
    this.#options = options
  }

  /** Throws as `LayerPlacing`. */
  async place(placing: LayerPlacing): Promise<void> {
    const { writer, flush, budget, index, layer } = this.#options
    for (const [number, entry] of index.entries.entries()) {
      if (number % placedTogether === 0) await turn()
      const isPending = entry.later === true || entry.content !== undefined
      const stored = await storeEntry(writer, budget, isPending ? bare(entry) : entry)
      const { kind } = entry
      const leaf = isPending ? this.#pend(number, entry, layer) : stored.leaf
      placing.take({ ...stored, kind, leaf })
    }
    flush()
  }

  #pend(number: number, { later }: IndexedEntry, layer: number): PendingFile {
    const file = later === true ? 'whole' : number
    const pending: PendingFile = {
      kind: 'pending',
      layer,
      file,
      target: undefined,
      leaf: undefined
    }
    this.#pending.set(number, pending)
    return pending
  }

  /** Resolves when a file's bytes are here; all who ask at once share the work. Throws what its content throws. */
  bring(number: number): Promise<void> {
    const pending = this.#pending.get(number)
    if (pending === undefined || pending.leaf !== undefined) return Promise.resolve()
    const coming = this.#coming.get(number)
    if (coming !== undefined) return coming
    const work = this.#bring(number, pending).finally(() => this.#coming.delete(number))
    this.#coming.set(number, work)
    return work
  }

  async #bring(number: number, pending: PendingFile): Promise<void> {
    const { writer, flush, budget, index } = this.#options
    const entry = index.entries[number]
    if (entry === undefined) return
    const { leaf } = await storeEntry(writer, budget, entry)
    flush()
    if (leaf?.kind === 'leaf') pending.leaf = leaf
  }

  /** The layer's own entries as its index has them. Throws `corrupt` if they are others. */
  async *agreeing(entries: AsyncIterable<LayerEntry>): AsyncGenerator<LayerEntry> {
    const { index } = this.#options
    let number = 0
    for await (const entry of entries) {
      const indexed = index.entries[number++]
      if (indexed === undefined || !isSame(entry, indexed)) throw this.#differs(entry.path)
      if (indexed.later === true) yield entry
      else yield { ...indexed, ...(entry.content === undefined ? {} : { content: entry.content }) }
    }
    if (number !== index.entries.length) throw this.#differs('its end')
  }

  /** An entry of `agreeing`, by its number there: the bytes that were asked for before are those of the layer. */
  confirm(number: number, { leaf }: StoredEntry): void {
    const brought = this.#pending.get(number)?.leaf
    if (brought === undefined || leaf?.kind !== 'leaf') return
    const same = Buffer.from(brought.node.multihash).equals(leaf.node.multihash)
    if (!same) throw this.#differs(this.#options.index.entries[number]?.path ?? '')
  }

  #differs(where: string): CairnError {
    const { layer } = this.#options
    const at = JSON.stringify(where.slice(0, 200))
    return new CairnError('corrupt', `layer ${layer} is not what its index says: at ${at}`)
  }
}

/** What it is, without what is in it. */
function bare({ content: _, ...entry }: IndexedEntry): LayerEntry {
  return { ...entry, kind: 'directory' }
}

function isSame(entry: LayerEntry, indexed: IndexedEntry): boolean {
  return (
    entry.kind === indexed.kind &&
    plainPath(entry.path) === plainPath(indexed.path) &&
    (entry.target ?? '') === (indexed.target ?? '') &&
    JSON.stringify(entry.device) === JSON.stringify(indexed.device)
  )
}

function plainPath(path: string): string {
  return path.replace(/^(\.?\/)+/, '').replace(/\/+$/, '')
}
