import type { CID } from 'multiformats/cid'
import { CairnError } from '../../base/errors.ts'
import type { Takeover } from '../adapter.ts'
import type { CatalogItem } from '../api.ts'

interface Judged {
  readonly cid: CID
  /** Who was believed. */
  readonly by: string
  readonly isRight: Promise<boolean>
}

/**
 * Which versions that are held were found to be their maker's, by the keys that are believed now: a key may be taken
 * away, or a keyring be named for the first time, while a version is held.
 */
export class Trusted {
  readonly #judged = new Map<string, Judged>()

  /**
   * `verify` throws `denied` for what is not; it is asked once for a version and the keys of now. While these cannot be
   * read what was judged before holds. Throws what `verify` and `trust` throw else.
   */
  async isRight(
    { trust }: Takeover,
    { key, cid }: CatalogItem,
    verify: () => Promise<void>
  ): Promise<boolean> {
    if (trust === undefined) return true
    const before = this.#judged.get(key)
    const known = before?.cid.equals(cid) === true ? before : undefined
    const by = await trust().catch((cause: unknown) => {
      if (known === undefined) throw cause
      return known.by
    })
    if (known?.by === by) return await known.isRight
    const isRight = verify().then(() => true, falseIfDenied)
    const judged = { cid, by, isRight }
    this.#judged.set(key, judged)
    isRight.catch(() => {
      if (this.#judged.get(key) === judged) this.#judged.delete(key)
    })
    return await isRight
  }

  /** It was just verified, by these. */
  believe(key: string, { cid }: Pick<CatalogItem, 'cid'>, by: string | undefined): void {
    if (by !== undefined) this.#judged.set(key, { cid, by, isRight: Promise.resolve(true) })
  }
}

function falseIfDenied(cause: unknown): false {
  if (cause instanceof CairnError && cause.code === 'denied') return false
  throw cause
}
