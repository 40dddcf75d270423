import { type BlockReader, codec, type Multihash, makeCid } from '../../base/blocks.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import type { DagTop } from '../../base/references.ts'
import { hasMultihash, inlineBytes } from '../multihashes.ts'
import { MultihashSet } from './multihash-set.ts'

/** The links of a block: throws `corrupt` if it is not of the codec, `unsupported` for a codec not known. */
export type LinksOf = (code: number, block: Uint8Array) => readonly DagTop[]

/** What is reached from roots. What was marked stays so: the set only grows. */
export class Reachable {
  readonly #blocks: BlockReader
  readonly #linksOf: LinksOf
  readonly #marked = new MultihashSet()
  /** Those whose links were followed too: the same bytes may have been met as raw ones before. */
  readonly #followed = new MultihashSet()

  constructor(blocks: BlockReader, linksOf: LinksOf) {
    this.#blocks = blocks
    this.#linksOf = linksOf
  }

  get size(): number {
    return this.#marked.size
  }

  has(multihash: Multihash): boolean {
    return this.#marked.has(multihash)
  }

  /**
   * Marks all that these lead to and that is here; yields after every node, so that the caller can breathe.
   * Throws `corrupt` for a block whose bytes are damaged and `unsupported` for one whose links are not
   * known: what lies below could not be told from garbage.
   */
  *mark(tops: Iterable<DagTop>): IterableIterator<void> {
    for (const top of tops) {
      const waiting = [top]
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        this.#marked.add(next.multihash)
        if (next.codec === codec.raw || this.#followed.has(next.multihash)) continue
        for (const link of this.#links(next)) {
          if (link.codec === codec.raw) this.#marked.add(link.multihash)
          else waiting.push(link)
        }
        yield
      }
    }
  }

  #links({ codec: code, multihash }: DagTop): readonly DagTop[] {
    let block: Uint8Array
    try {
      block = this.#blocks.read(multihash)
    } catch (cause) {
      const error = toCairnError(cause)
      if (error.code === 'missing') return []
      throw error
    }
    // Only what is here: a link may name any bytes as a hash, those of another block's digest too.
    if (inlineBytes(multihash) === undefined) this.#followed.add(multihash)
    try {
      return this.#linksOf(code, block)
    } catch (cause) {
      const error = toCairnError(cause)
      const cid = makeCid(code, multihash)
      if (error.code !== 'corrupt') throw new CairnError(error.code, `${cid}: ${error.message}`)
      // Bytes that are what they always were, and no node, lead nowhere.
      if (hasMultihash(block, multihash)) return []
      throw new CairnError('corrupt', `${cid} is damaged, nothing was collected: run cairn fsck`)
    }
  }
}
