import type { CID } from 'multiformats/cid'
import { CairnError } from '../../base/errors.ts'
import type { Name } from '../../base/names.ts'
import type { DirectoryLink, NodeInfo } from '../../unixfs/api.ts'
import { directoryInfo } from '../../unixfs/directory-info.ts'
import type { NodeFacts } from '../../unixfs/side-record.ts'
import { describedOf, entriesOf, type Found, type Unsettled } from './layer-stack.ts'
import type { RootFilesystem } from './root-filesystem.ts'

/** An entry of an image that is being unpacked: a directory has no CID yet, nor has a file whose bytes are not here. */
export type GrowingEntry =
  | { readonly name: Name; readonly kind: 'pending' }
  | {
      readonly name: Name
      readonly kind: 'directory'
      readonly info: NodeInfo
      readonly facts: NodeFacts
    }
  | {
      readonly name: Name
      readonly kind: 'content'
      readonly link: DirectoryLink & { readonly record?: DirectoryLink['multihash'] }
    }

/**
 * An image while it is unpacked. What its layers decide so far is final: an answer that a layer which
 * is not here could change throws `missing`, with the want of that layer.
 */
export class GrowingImage {
  /** The stored manifest or index that it is made of. */
  readonly archive: CID
  readonly #key: string
  #root: RootFilesystem | undefined
  #ended = false
  #changed = Promise.withResolvers<void>()

  constructor(key: string, archive: CID) {
    this.#key = key
    this.archive = archive
  }

  /** Whether its layers are known. */
  get hasBegun(): boolean {
    return this.#root !== undefined
  }

  /** Its layers are known. */
  begin(root: RootFilesystem): void {
    this.#root = root
    this.tell()
  }

  /** Something was settled. */
  tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  /** It is whole, or failed. */
  end(): void {
    this.#ended = true
    this.tell()
  }

  /**
   * Resolves when a layer is settled, by its index if it has one; or when all of it is here, or a file of its index; or
   * when nothing more will be. A file that cannot be had alone comes with its layer.
   */
  async settled(layer: number, file?: number | 'whole'): Promise<void> {
    if (file === undefined) return await this.#until(root => root.isSettled(layer))
    const whole = this.#until(root => root.isWhole(layer))
    const wantWhole = async () => {
      this.#root?.wantWhole()
      await whole
    }
    if (file === 'whole' || this.#root === undefined) return await wantWhole()
    await Promise.race([this.#root.bring(layer, file).catch(wantWhole), whole])
  }

  /** Resolves when the topmost layer is settled: before, nothing is. */
  async begun(): Promise<void> {
    await this.#until(root => root.isSettled(root.layers - 1))
  }

  async #until(condition: (root: RootFilesystem) => boolean): Promise<void> {
    const holds = () => this.#root !== undefined && condition(this.#root)
    while (!this.#ended && !holds()) await this.#changed.promise
  }

  /** The entry at a path below the root, or undefined. Throws `missing`. */
  find(path: readonly Name[]): GrowingEntry | undefined {
    return this.#show(path.at(-1)!, this.#settledAt(path))
  }

  /** All entries of a directory. Throws `missing`, `not-directory`. */
  list(path: readonly Name[]): GrowingEntry[] {
    const found = this.#settledAt(path)
    if (found.kind !== 'directory')
      throw new CairnError('not-directory', 'only a directory has entries')
    const entries = entriesOf(found.folder)
    // All of them, and not one by one those that are not here.
    if ('kind' in entries) throw this.#wanting(entries)
    return Array.from(entries, ([name, entry]) => this.#show(name, entry)).filter(
      entry => entry !== undefined
    )
  }

  #settledAt(path: readonly Name[]): Exclude<Found, Unsettled> {
    const found = this.#root?.find(path) ?? { kind: 'unsettled', layer: 0 }
    if (found.kind === 'unsettled') throw this.#wanting(found)
    return found
  }

  #show(name: Name, found: Found): GrowingEntry | undefined {
    if (found.kind === 'absent') return undefined
    if (found.kind === 'unsettled') return { name, kind: 'pending' }
    if (found.kind === 'leaf') {
      const { codec, multihash, cidVersion, dagBytes } = found.node
      const record = found.record === undefined ? {} : { record: found.record.multihash }
      return {
        name,
        kind: 'content',
        link: { name, codec, multihash, cidVersion, dagBytes, ...record }
      }
    }
    const described = describedOf(found.folder)
    if ('kind' in described) throw this.#wanting(described)
    const { metadata, facts } = described
    return { name, kind: 'directory', info: directoryInfo(metadata), facts }
  }

  #wanting({ layer, file }: Unsettled): CairnError {
    const id = `${file === undefined ? layer : `${layer}/${file}`} ${this.#key}`
    const message = `layer ${layer} of ${this.#key} is not here yet`
    return new CairnError('missing', message, { want: { kind: 'layer', id } })
  }
}
