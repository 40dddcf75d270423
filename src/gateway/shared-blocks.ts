import { setImmediate as turn } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { type BlockReader, codec, type Multihash, multihashKey } from '../base/blocks.ts'
import type { Clock } from '../base/clock.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { decodeNode } from '../unixfs/decode-node.ts'
import type { Shared } from './api.ts'

/** A root that was published or shared. */
export interface SharedRoot {
  /** What it is known by, whatever it stands at: a root without one any more is not shared any more. */
  readonly label: string
  readonly cid: CID
}

export interface SharedBlocksOptions {
  readonly blocks: BlockReader
  readonly roots: () => readonly SharedRoot[]
  readonly clock: Clock
}

/**
 * Every block that is reachable from shared roots, found by walking them and remembered. A root that
 * moves is walked where it is new, and for a while the version before stays: who fetches it is not cut
 * off. One that is not shared any more takes what only it had along, at once.
 */
export function openSharedBlocks(options: SharedBlocksOptions): Shared {
  return new SharedBlocks(options)
}

/** Moves after which old versions are forgotten. */
const movesKept = 16
/** Blocks between two turns of the event loop. */
const blocksTogether = 512
/** Lacking nodes that are looked for at a time: a look at the index each. */
const lackingTogether = 1024

interface Linked {
  readonly codec: number
  readonly multihash: Multihash
}

class SharedBlocks implements Shared {
  readonly #options: SharedBlocksOptions
  #reachable = new Set<string>()
  #walked: ReadonlyMap<string, string> = new Map()
  #moves = 0
  /** Nodes that were lacking on a walk: their own links are not known. */
  #lacking: Multihash[] = []
  #lookedMs = 0
  #walking: Promise<void> = Promise.resolve()

  constructor(options: SharedBlocksOptions) {
    this.#options = options
  }

  async has(cid: CID): Promise<boolean> {
    return (await this.among([cid])).length > 0
  }

  async among(cids: readonly CID[]): Promise<readonly CID[]> {
    for (let round = 0; ; round++) {
      const isCurrent = this.#isCurrent(this.#options.roots())
      const found = isCurrent ? cids.filter(cid => this.#isReachable(cid)) : []
      const isAll = found.length === cids.length
      if (isAll || round === 2 || (isCurrent && !this.#mayLearnMore())) return found
      this.#walking = this.#walking.then(
        () => this.#walk(),
        () => this.#walk()
      )
      await this.#walking
    }
  }

  /** Who asks for a node is shown what it links, so it has to be linked as a node: a file may have a node's bytes. */
  #isReachable({ code, multihash }: CID): boolean {
    const key = multihashKey(multihash.bytes)
    if (this.#reachable.has(nodeKey(key))) return true
    return code !== codec.dagPb && this.#reachable.has(key)
  }

  #isCurrent(roots: readonly SharedRoot[]): boolean {
    if (roots.length !== this.#walked.size) return false
    return roots.every(({ label, cid }) => this.#walked.get(label) === cid.toString())
  }

  #mayLearnMore(): boolean {
    if (this.#lacking.length === 0) return false
    return this.#options.clock.nowMs() - this.#lookedMs >= limits.sharedAgainMs
  }

  async #walk(): Promise<void> {
    const roots = this.#options.roots()
    if (this.#isCurrent(roots)) {
      if (this.#mayLearnMore()) await this.#goOn()
      return
    }
    const labels = new Set(roots.map(({ label }) => label))
    const gone = [...this.#walked.keys()].some(label => !labels.has(label))
    const anew = gone || ++this.#moves > movesKept
    const reachable = anew ? new Set<string>() : this.#reachable
    if (anew) {
      this.#moves = 0
      this.#lacking = []
    }
    // What is not shared any more must not be served while the others are walked.
    if (gone) this.#reachable = reachable
    for (const { cid } of roots) {
      await this.#add(reachable, { codec: cid.code, multihash: cid.multihash.bytes })
    }
    this.#reachable = reachable
    this.#lookedMs = this.#options.clock.nowMs()
    this.#walked = new Map(roots.map(({ label, cid }) => [label, cid.toString()]))
  }

  /** Goes on where nodes were lacking that came since; the others are looked for in their turn. */
  async #goOn(): Promise<void> {
    const { blocks, clock } = this.#options
    this.#lookedMs = clock.nowMs()
    for (const multihash of this.#lacking.splice(0, lackingTogether)) {
      if (blocks.size(multihash) === undefined) this.#lacking.push(multihash)
      else {
        this.#reachable.delete(nodeKey(multihashKey(multihash)))
        await this.#add(this.#reachable, { codec: codec.dagPb, multihash })
      }
    }
  }

  /** What is in the set already was walked with all below it, but what is lacking. */
  async #add(reachable: Set<string>, root: Linked): Promise<void> {
    const waiting = [root]
    let count = 0
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const bytesKey = multihashKey(next.multihash)
      const key = next.codec === codec.dagPb ? nodeKey(bytesKey) : bytesKey
      if (reachable.has(key)) continue
      if (reachable.size >= limits.sharedBlocks) return
      reachable.add(key)
      if (++count % blocksTogether === 0) await turn()
      if (next.codec !== codec.dagPb) continue
      const links = linksOf(this.#options.blocks, next.multihash)
      if (links === undefined) this.#lacking.push(next.multihash)
      // Not spread: a node may have more links than a call has room for arguments.
      else for (const link of links) waiting.push(link)
    }
  }
}

/** One block may be linked as a file and as a node, and only the node's links were walked. */
function nodeKey(multihash: string): string {
  return `n${multihash}`
}

function linksOf(blocks: BlockReader, multihash: Multihash) {
  try {
    const { links } = decodeNode(blocks.read(multihash))
    return links.map(link => ({ codec: link.codec, multihash: Uint8Array.from(link.multihash) }))
  } catch (cause) {
    if (cause instanceof CairnError && ['missing', 'corrupt'].includes(cause.code)) return undefined
    throw cause
  }
}
