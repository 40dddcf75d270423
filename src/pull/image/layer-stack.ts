import type { Name } from '../../base/names.ts'
import { rootFacts } from '../../unixfs/side-record.ts'
import type { Described, DirectoryPlace, LeafPlace, PendingFile } from './layer-tree.ts'

/**
 * The directories that layers have at one path, the topmost first, down to one that hides what is
 * below it. A number is a layer of which it is not known yet what it has there.
 */
export type Folder = ReadonlyArray<DirectoryPlace | number>

/** What a path comes to. `unsettled`: what it is depends on that layer, or on that file of it. */
export type Found =
  | { readonly kind: 'directory'; readonly folder: Folder }
  | LeafPlace
  | { readonly kind: 'absent' }
  | Unsettled

export interface Unsettled {
  readonly kind: 'unsettled'
  readonly layer: number
  /** Where its index is not enough: a file of that, or the whole layer. */
  readonly file?: number | 'whole' | undefined
}

const absent = { kind: 'absent' } as const

/** Of folders nobody describes: the root of layers that leave it out. */
const undescribed: Described = { metadata: { mode: 0o755 }, facts: rootFacts }

/**
 * An image's layers one over the other, each from when it is settled. What is found stays so: a layer
 * below never changes what one above it decides, and an answer that needs one that lacks is not given.
 * https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#applying-changesets
 */
export class LayerStack {
  /** From the lowest up. */
  readonly #layers: Array<DirectoryPlace | undefined>
  /** Layers of which all is here, and not their index alone. */
  readonly #whole = new Set<number>()

  constructor(layers: number) {
    this.#layers = new Array(layers).fill(undefined)
  }

  get layers(): number {
    return this.#layers.length
  }

  /** What a layer has: by its index first, if it has one, and then by itself. */
  settle(layer: number, root: DirectoryPlace, by: 'index' | 'itself'): void {
    if (by === 'itself') this.#whole.add(layer)
    else if (this.#whole.has(layer)) return
    this.#layers[layer] = root
  }

  isWhole(layer: number): boolean {
    return this.#whole.has(layer)
  }

  isSettled(layer: number): boolean {
    return this.#layers[layer] !== undefined
  }

  /** The root of the layers below `top`. */
  root(top = this.#layers.length): Folder {
    const folder: Array<DirectoryPlace | number> = []
    for (let layer = top - 1; layer >= 0; layer--) {
      const root = this.#layers[layer]
      folder.push(root ?? layer)
      if (root?.opaque === true) break
    }
    return folder
  }

  /** What the layers below `top` have at a path; symlinks are not followed. */
  find(names: readonly Name[], top?: number): Found {
    let found: Found = { kind: 'directory', folder: this.root(top) }
    for (const name of names) {
      if (found.kind === 'unsettled') return found
      if (found.kind !== 'directory') return absent
      found = childOf(found.folder, name)
    }
    return found
  }
}

/** The first layer that has something there decides; if it is a directory, those below add to it. */
export function childOf(folder: Folder, name: Name): Found {
  const parts: Array<DirectoryPlace | number> = []
  for (const part of folder) {
    if (typeof part === 'number') {
      if (parts.length === 0) return { kind: 'unsettled', layer: part }
      parts.push(part)
      continue
    }
    const child = part.children.get(name)
    if (child === undefined) continue
    if (child.kind === 'directory') {
      parts.push(child)
      if (child.opaque) break
      continue
    }
    if (parts.length > 0) break
    if (child.kind === 'pending') return child.leaf ?? wantOf(child)
    return child.kind === 'leaf' ? child : absent
  }
  return parts.length === 0 ? absent : { kind: 'directory', folder: parts }
}

function wantOf({ layer, file }: PendingFile): Unsettled {
  return { kind: 'unsettled', layer, file }
}

/** What a directory is: as the topmost layer says that says anything. */
export function describedOf(folder: Folder): Described | Unsettled {
  for (const part of folder) {
    if (typeof part === 'number') return { kind: 'unsettled', layer: part }
    if (part.described !== undefined) return part.described
  }
  return undescribed
}

/** All entries of a directory, in no order; one that is unsettled is a file of an index. */
export function entriesOf(folder: Folder): Map<Name, Found> | Unsettled {
  const unknown = folder.find(part => typeof part === 'number')
  if (unknown !== undefined) return { kind: 'unsettled', layer: unknown }
  const entries = new Map<Name, Found>()
  for (const part of folder as readonly DirectoryPlace[]) {
    for (const name of part.children.keys()) {
      if (!entries.has(name)) entries.set(name, childOf(folder, name))
    }
  }
  for (const [name, { kind }] of entries) if (kind === 'absent') entries.delete(name)
  return entries
}
