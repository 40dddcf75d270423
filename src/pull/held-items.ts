import { multihashKey } from '../base/blocks.ts'
import { systemClock } from '../base/clock.ts'
import { toCairnError } from '../base/errors.ts'
import type { Body, CatalogItem } from './api.ts'
import { bounds } from './bounds.ts'
import type { BufferPool } from './buffers.ts'
import { InUse } from './in-use.ts'
import type { PullOptions } from './open.ts'
import { Remembered } from './remembered.ts'
import { storedBody } from './stored-body.ts'

type HeldItemsOptions = Pick<PullOptions, 'catalog' | 'blocks' | 'reader' | 'log' | 'inUse'>

/**
 * The items of the catalog that are really here. A power cut may take blocks that the catalog names,
 * and a disk may lose some: such an item is dropped, with all that share its bytes, so that the next
 * who asks has it fetched again.
 */
export class HeldItems {
  readonly #options: HeldItemsOptions
  readonly #buffers: BufferPool
  /** Contents found whole since this process began: what is lost later, reading finds. */
  readonly #whole = new Remembered(bounds.wholeEntries)
  readonly inUse: InUse

  constructor(options: HeldItemsOptions, buffers: BufferPool) {
    this.#options = options
    this.inUse = options.inUse ?? new InUse(systemClock)
    this.#buffers = buffers
  }

  get(key: string): CatalogItem | undefined {
    return this.check(this.#options.catalog.get(key))
  }

  /** The item if every block of it is in the store; else it is dropped. */
  check(item: CatalogItem | undefined): CatalogItem | undefined {
    if (item === undefined) return undefined
    const content = multihashKey(item.cid.multihash.bytes)
    const known = this.#whole.has(content, 0) && this.#options.blocks.size(item.cid.multihash.bytes)
    const why = known === false || known === undefined ? this.#whatIsMissing(item) : undefined
    if (why === undefined) {
      this.#whole.add(content, Number.POSITIVE_INFINITY)
      return item
    }
    this.#drop(item, why)
    return undefined
  }

  #whatIsMissing({ cid }: CatalogItem): string | undefined {
    try {
      for (const _ of this.#options.reader.walk(cid));
      return undefined
    } catch (cause) {
      return messageOfLoss(cause)
    }
  }

  /** As `body`. */
  async *read(
    item: CatalogItem,
    range?: { start: number; end: number }
  ): AsyncGenerator<Uint8Array> {
    yield* this.body(item, range)
  }

  /** The item's bytes, as `storedBody`. Throws `missing` or `corrupt`, and drops it then. */
  body(
    item: CatalogItem,
    range?: { start: number; end: number },
    passed: (bytes: number) => void = () => {}
  ): Body {
    const failed = (cause: unknown): void => this.#drop(item, messageOfLoss(cause))
    const { reader } = this.#options
    const begun = (): (() => void) => this.inUse.read(item.cid)
    return storedBody(reader, item, this.#buffers, range, { begun, passed, failed })
  }

  #drop(item: CatalogItem, why: string): void {
    this.#options.log.warn({ key: item.key, why }, 'dropped an item that cannot be read')
    this.#whole.delete(multihashKey(item.cid.multihash.bytes))
    this.#options.catalog.removeContent(item)
  }
}

/** Why blocks are not to be had. Throws what is not about that. */
function messageOfLoss(cause: unknown): string {
  const error = toCairnError(cause)
  if (error.code === 'missing' || error.code === 'corrupt') return error.message
  throw error
}
