import { CairnError } from '../../base/errors.ts'
import { type Name, nameText } from '../../base/names.ts'
import type { DirectoryLink, Node, UnixfsWriter } from '../../unixfs/api.ts'
import { writeSideRecord } from '../../unixfs/side-record.ts'
import type { LayerEntry, LayerIndex } from '../adapter.ts'
import { bounds } from '../bounds.ts'
import { Demand } from './demand.ts'
import { ImageBudget } from './image-budget.ts'
import { IndexedLayer } from './indexed-layer.ts'
import { describedOf, entriesOf, type Folder, type Found, LayerStack } from './layer-stack.ts'
import type { Described } from './layer-tree.ts'
import { LayerPlacing } from './place-layer.ts'
import { storeEntry } from './store-entry.ts'

export interface RootFilesystemOptions {
  readonly writer: UnixfsWriter
  /** Makes what was written visible to whoever reads the store. */
  readonly flush: () => void
  readonly layers: number
  readonly mostBytes: number
  /** By default `bounds.indexQuietMs`. */
  readonly quietMs?: number | undefined
}

/** A root filesystem: its content, and the side record of what UnixFS has no place for, if any. */
export interface FinishedRoot {
  readonly node: Node
  readonly record: Node | undefined
}

/**
 * An image's root filesystem, made of its layers in any order. Files are stored as they come, also
 * those a layer above hides. A layer is settled once it is here and what its paths lead through is; what
 * settled layers decide can be asked for, and never changes.
 */
export class RootFilesystem {
  readonly #options: RootFilesystemOptions
  readonly #budget: ImageBudget
  readonly #stack: LayerStack
  /** Layers that are here and wait for one below. */
  readonly #waiting = new Map<number, LayerPlacing>()
  readonly #indexed = new Map<number, IndexedLayer>()
  readonly #demand: Demand
  /** Layers whose index is here and waits for one below. */
  readonly #waitingIndexes = new Map<number, LayerPlacing>()

  constructor(options: RootFilesystemOptions) {
    this.#options = options
    this.#budget = new ImageBudget(options.mostBytes)
    this.#stack = new LayerStack(options.layers)
    this.#demand = new Demand(options.quietMs ?? bounds.indexQuietMs)
  }

  /**
   * Takes what an index says of a layer, before the layer: it is settled by that already, but for its files' bytes.
   * Throws as `addLayer`.
   */
  async addIndex(layer: number, index: LayerIndex): Promise<void> {
    const { writer, flush, mostBytes } = this.#options
    const budget = new ImageBudget(mostBytes)
    const indexed = new IndexedLayer({ writer, flush, budget, layer, index })
    const placing = new LayerPlacing(names => this.#stack.find(names, layer), budget)
    await indexed.place(placing)
    this.#indexed.set(layer, indexed)
    this.#waitingIndexes.set(layer, placing)
    while (this.#settleOne());
  }

  /** Resolves when a file of a layer's index is here. Throws what its content throws. */
  async bring(layer: number, file: number): Promise<void> {
    const indexed = this.#indexed.get(layer)
    if (indexed !== undefined) await this.#demand.during(() => indexed.bring(file))
  }

  /** The indexes are not enough for somebody. */
  wantWhole(): void {
    this.#demand.wantWhole()
  }

  isIndexed(layer: number): boolean {
    return this.#indexed.has(layer)
  }

  /** Resolves when a layer may be fetched, which is at once if it has no index. Throws `aborted`. */
  async allows(layer: number, signal: AbortSignal): Promise<void> {
    if (this.isIndexed(layer)) await this.#demand.quiet(signal)
  }

  /**
   * Takes a layer, the lowest being 0; nothing of it shows before `entries` has ended, but what its index said.
   * Throws what that throws, `invalid` on a layer that fits nowhere, `file-too-large` over `limits.unpackedEntries`,
   * `limits.unpackedLinkSteps` or `mostBytes`, `corrupt` on one that is not what its index said.
   */
  async addLayer(layer: number, entries: AsyncIterable<LayerEntry>): Promise<void> {
    const placing = new LayerPlacing(names => this.#stack.find(names, layer), this.#budget)
    const indexed = this.#indexed.get(layer)
    let number = 0
    for await (const entry of indexed?.agreeing(entries) ?? entries) {
      const stored = await storeEntry(this.#options.writer, this.#budget, entry)
      indexed?.confirm(number++, stored)
      placing.take(stored)
    }
    this.#options.flush()
    this.#waiting.set(layer, placing)
    while (this.#settleOne());
  }

  /** Settles a layer that waits for nothing any more. */
  #settleOne(): boolean {
    for (const [layer, placing] of this.#waiting) {
      if (placing.resume() !== undefined) continue
      this.#waiting.delete(layer)
      this.#stack.settle(layer, placing.root, 'itself')
      return true
    }
    return this.#settleByIndex()
  }

  #settleByIndex(): boolean {
    for (const [layer, placing] of this.#waitingIndexes) {
      try {
        if (placing.resume() !== undefined) continue
        this.#stack.settle(layer, placing.root, 'index')
      } catch {
        // Nothing of it was shown; the layer itself will tell what is wrong.
        this.#indexed.delete(layer)
      }
      this.#waitingIndexes.delete(layer)
      return true
    }
    return false
  }

  get layers(): number {
    return this.#stack.layers
  }

  /** By its index, or itself. */
  isSettled(layer: number): boolean {
    return this.#stack.isSettled(layer)
  }

  isWhole(layer: number): boolean {
    return this.#stack.isWhole(layer)
  }

  /** What a path comes to; symlinks are not followed. */
  find(names: readonly Name[]): Found {
    return this.#stack.find(names)
  }

  /** Stores the directories. All layers must be settled. */
  finish(): FinishedRoot {
    return this.#finish(this.#stack.root())
  }

  #finish(folder: Folder): FinishedRoot {
    const { writer } = this.#options
    const links: DirectoryLink[] = []
    const records: DirectoryLink[] = []
    for (const [name, child] of settledEntries(folder)) {
      if (child.kind === 'absent') continue
      if (child.kind === 'unsettled') throw lacking(child.layer)
      const { node, record } = child.kind === 'leaf' ? child : this.#finish(child.folder)
      links.push(linkTo(name, node))
      if (record !== undefined) records.push(linkTo(name, record))
    }
    const { metadata, facts } = settledDescription(folder)
    return {
      node: writer.directory(links, metadata),
      record: writeSideRecord(writer, facts, records)
    }
  }

  /** Paths that do not belong to root, `uid:gid path` a line, in the order of a walk. All layers must be settled. */
  owners(): string {
    const lines: string[] = []
    walkOwners(this.#stack.root(), '', lines)
    return lines.join('')
  }
}

function walkOwners(folder: Folder, path: string, lines: string[]): void {
  for (const [name, child] of settledEntries(folder)) {
    if (child.kind === 'absent') continue
    if (child.kind === 'unsettled') throw lacking(child.layer)
    const at = `${path}/${nameText(name)}`
    const { uid, gid } =
      child.kind === 'leaf' ? child.facts : settledDescription(child.folder).facts
    if (uid !== 0 || gid !== 0) lines.push(`${uid}:${gid} ${at}\n`)
    if (child.kind === 'directory') walkOwners(child.folder, at, lines)
  }
}

function settledEntries(folder: Folder) {
  const entries = entriesOf(folder)
  if ('kind' in entries) throw lacking(entries.layer)
  return entries
}

function settledDescription(folder: Folder): Described {
  const described = describedOf(folder)
  if ('kind' in described) throw lacking(described.layer)
  return described
}

function lacking(layer: number): CairnError {
  return new CairnError('io', `layer ${layer} of an image is not settled`)
}

function linkTo(name: Name, { codec, multihash, cidVersion, dagBytes }: Node): DirectoryLink {
  return { name, codec, multihash, cidVersion, dagBytes }
}
