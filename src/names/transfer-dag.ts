import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { codec, makeCid } from '../base/blocks.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { BlockLane, SentBlock } from '../base/name-source.ts'
import type { BlockStore } from '../store/api.ts'
import type { DirectoryLink } from '../unixfs/api.ts'
import { decodeNode } from '../unixfs/decode-node.ts'
import { MultihashSet } from './multihash-set.ts'
import { MultihashStack } from './multihash-stack.ts'
import { type Portion, WantBoard } from './want-board.ts'

/** Lists that one peer is asked for at a time: with two, both often end together, and nothing is on its way then. */
const listsTogether = 4
/** Single blocks asked for at a time, of those who send none together. */
const singlesTogether = 16
/** How often is looked for somebody who can be asked again. */
const againMs = 500
/** Nodes opened between two turns of the event loop. */
const nodesTogether = 256

/** How far a transfer is. */
export interface TransferProgress {
  /** Blocks that came. */
  readonly blocks: number
  readonly bytes: number
  /** Bytes of the DAG that are here, found or come; and all of it, as its root claims, 0 before that is here. */
  readonly hereBytes: number
  readonly totalBytes: number
}

export interface TransferOptions {
  readonly store: BlockStore
  readonly lanes: () => readonly BlockLane[]
  /** Brings one block here by whatever way. Throws `missing`. */
  readonly single: (cid: CID, signal: AbortSignal) => Promise<void>
  /** Whether somebody may be asked soon who is not at the moment. */
  readonly recovers: () => boolean
  /** How long is waited for such since the last block came, in milliseconds. */
  readonly patienceMs: number
  readonly onProgress: (progress: TransferProgress) => void
}

/**
 * Brings every block of a DAG here: docs/peer-protocol.md#many-blocks. Throws `missing` for a block that nobody
 * has, `unsupported` (codec), `corrupt`, `no-space`, `file-too-large`, `aborted`; what came stays in any case.
 */
export async function transferDag(
  options: TransferOptions,
  root: CID,
  signal: AbortSignal
): Promise<void> {
  await new Transfer(options, signal).run(root)
}

interface LaneUse {
  readonly lane: BlockLane
  broken: boolean
}

class Transfer {
  readonly #options: TransferOptions
  readonly #board = new WantBoard()
  /** Ends the others when one lane hits what ends all. */
  readonly #end = new AbortController()
  readonly #signal: AbortSignal
  /** Nodes with links, opened or to be opened. */
  readonly #nodes = new MultihashSet()
  /** Nodes that are here and whose links were not looked at. */
  readonly #unopened = new MultihashStack()
  #opened = 0
  /** Waited since the last block came, for whoever broke off. */
  #waitedMs = 0
  #blocksBefore = 0
  #brokeOff = false
  #blocks = 0
  #bytes = 0
  #hereBytes = 0
  #totalBytes = 0

  constructor(options: TransferOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = AbortSignal.any([signal, this.#end.signal])
  }

  async run(root: CID): Promise<void> {
    this.#meet(root, 0)
    await this.#open()
    while (this.#board.waiting > 0) {
      const uses = this.#options.lanes().map((lane): LaneUse => ({ lane, broken: false }))
      this.#brokeOff = false
      // Each has its first list before anybody has a second.
      const turns = Array.from({ length: listsTogether }, () => uses).flat()
      await this.#together(turns.map(use => this.#serve(use)))
      await this.#single()
      await this.#open()
    }
    this.#signal.throwIfAborted()
  }

  /** Waits for all; the first that fails ends the others. */
  async #together(work: ReadonlyArray<Promise<void>>): Promise<void> {
    const settled = await Promise.allSettled(
      work.map(each =>
        each.catch(cause => {
          this.#end.abort(cause)
          throw cause
        })
      )
    )
    const failed = settled.find(({ status }) => status === 'rejected')
    if (failed === undefined) return
    this.#signal.throwIfAborted()
  }

  /** Asks a lane for all that it may have, until nothing is left or it breaks off. */
  async #serve(use: LaneUse): Promise<void> {
    while (!use.broken) {
      await this.#open()
      const portion = this.#board.take(use.lane.label)
      const { cids } = portion
      if (cids.length > 0) await this.#ask(use, portion, cids)
      else if (this.#board.asked > 0) await this.#board.change()
      else if (!this.#mayOpen()) return
    }
  }

  #mayOpen(): boolean {
    return !this.#unopened.isEmpty && this.#board.waiting < limits.blocksWaiting
  }

  /** What the store refuses for other reasons than a block's bytes is thrown. */
  async #ask(use: LaneUse, portion: Portion, cids: readonly CID[]): Promise<void> {
    const { lane } = use
    let without: string | undefined
    try {
      for await (const sent of lane.send(cids, this.#signal)) {
        this.#take(lane, sent)
        portion.arrived(sent.cid)
      }
      without = lane.label
    } catch (cause) {
      this.#signal.throwIfAborted()
      use.broken = true
      this.#brokeOff = true
      if (!isOfThePeer(toCairnError(cause))) throw cause
    } finally {
      this.#conclude(portion, without)
    }
  }

  /** What came is seen by readers, also of what broke off. */
  #conclude(portion: Portion, without: string | undefined): void {
    try {
      this.#options.store.flush()
    } finally {
      portion.end(without)
    }
  }

  #take(lane: BlockLane, { cid, bytes }: SentBlock): void {
    try {
      this.#options.store.put(cid, bytes)
    } catch (cause) {
      if (toCairnError(cause).code === 'mismatch') lane.blame()
      throw cause
    }
    this.#arrived(cid, bytes.byteLength)
  }

  #arrived(cid: CID, bytes: number): void {
    if (cid.code === codec.dagPb) this.#unopened.push(cid.multihash.bytes)
    this.#blocks++
    this.#bytes += bytes
    this.#here(bytes)
  }

  #here(bytes: number): void {
    this.#hereBytes += bytes
    this.#options.onProgress({
      blocks: this.#blocks,
      bytes: this.#bytes,
      hereBytes: this.#hereBytes,
      totalBytes: this.#totalBytes
    })
  }

  /** What nobody sends together is asked for one by one, from everywhere; of who failed just now once more after a while. */
  async #single(): Promise<void> {
    try {
      await this.#singles()
    } catch (cause) {
      const { recovers, patienceMs } = this.#options
      if (this.#blocks > this.#blocksBefore) this.#waitedMs = 0
      this.#blocksBefore = this.#blocks
      const isOver = this.#waitedMs >= patienceMs || !(this.#brokeOff || recovers())
      if (toCairnError(cause).code !== 'missing' || isOver) throw cause
      await wait(againMs, undefined, { signal: this.#signal })
      this.#waitedMs += againMs
    }
  }

  async #singles(): Promise<void> {
    const portion = this.#board.takeAny(singlesTogether)
    const { store, single } = this.#options
    try {
      const settled = await Promise.allSettled(
        portion.cids.map(async cid => {
          await single(cid, this.#signal)
          this.#arrived(cid, store.size(cid.multihash.bytes) ?? 0)
          portion.arrived(cid)
        })
      )
      const failed = settled.find(each => each.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    } finally {
      portion.end()
    }
  }

  /** Looks at the links of nodes that are here, as long as few blocks wait to be asked for. */
  async #open(): Promise<void> {
    const { store } = this.#options
    while (this.#mayOpen()) {
      const block = store.read(this.#unopened.pop()!)
      const { links } = decodeNode(block)
      if (this.#totalBytes === 0) {
        this.#totalBytes = links.reduce((sum, { dagBytes }) => sum + dagBytes, block.byteLength)
      }
      for (const link of links) this.#meetLink(link)
      if (++this.#opened % nodesTogether === 0) await turn()
      this.#signal.throwIfAborted()
    }
  }

  #meetLink({ codec: code, multihash, cidVersion, dagBytes }: DirectoryLink): void {
    // A block that is its own hash needs no fetching, but what it links does.
    if (multihash[0] === 0 && code !== codec.dagPb) return
    // What a node of links keeps is a view into its whole block.
    this.#meet(makeCid(code, Uint8Array.from(multihash), cidVersion), dagBytes)
  }

  #meet(cid: CID, dagBytes: number): void {
    const { store } = this.#options
    const { bytes: multihash } = cid.multihash
    if (cid.code !== codec.raw && cid.code !== codec.dagPb) {
      throw new CairnError('unsupported', `${cid} has a codec whose links are not known`)
    }
    if (cid.code === codec.dagPb && !this.#isNew(cid)) return
    const size = store.size(multihash)
    if (size === undefined) this.#board.add({ cid, bytes: dagBytes })
    else {
      if (cid.code === codec.dagPb) this.#unopened.push(multihash)
      this.#here(size)
    }
  }

  #isNew({ multihash: { bytes } }: CID): boolean {
    if (this.#nodes.has(bytes)) return false
    if (this.#nodes.size >= limits.transferNodes) {
      throw new CairnError(
        'file-too-large',
        `the content has more than ${limits.transferNodes} nodes: it is not brought here`
      )
    }
    this.#nodes.add(bytes)
    return true
  }
}

/** Of these another may do better; all else ends the transfer. */
function isOfThePeer({ code }: CairnError): boolean {
  return ['upstream', 'timeout', 'mismatch', 'unsupported', 'busy', 'aborted'].includes(code)
}
