import { CID } from 'multiformats/cid'
import { makeCid, multihashKey } from '../base/blocks.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { holding } from '../base/holding.ts'
import { limits } from '../base/limits.ts'
import type { BlockSource } from '../base/name-source.ts'
import { toName } from '../base/names.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { BlockStore } from '../store/api.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import { ReadAhead } from './read-ahead.ts'
import { type TransferProgress, transferDag } from './transfer-dag.ts'

/** A source that has not sent a block by then is left for the next. */
const blockMs = 20_000
/** Blocks being fetched above which none is fetched ahead: two readings' longest. */
const mostAhead = 2 * limits.blocksAhead

type OnProgress = (progress: TransferProgress) => void

export interface FetchDagOptions {
  readonly store: BlockStore
  readonly reader: UnixfsReader
  readonly sources: readonly BlockSource[]
  /** How long a transfer waits for who failed, since the last block came. */
  readonly patienceMs?: number
}

/** Brings content here from block sources, each block verified before it is stored. */
export class DagFetcher {
  readonly #options: FetchDagOptions
  readonly #readAhead = new ReadAhead()
  /** Blocks that are being fetched, for whoever wants them. */
  readonly #underway = new Map<string, Promise<void>>()

  constructor(options: FetchDagOptions) {
    this.#options = options
  }

  /**
   * Returns when the block is here. `ahead`: what lies behind it, of which some is fetched in the background.
   * Throws `missing` if no source has it, naming why; an abort ends the waiting, not the fetching.
   */
  async block(cid: CID, signal: AbortSignal, ahead: readonly CID[] = []): Promise<void> {
    const wanted = this.#fetch(cid)
    for (const each of this.#readAhead.after(cid, ahead)) {
      if (this.#underway.size >= mostAhead) break
      // Whoever reads it asks for it again, and hears why it cannot be had.
      this.#fetch(each).catch(() => {})
    }
    await untilAborted(wanted, signal)
  }

  /** Once for all who want it at a time. */
  async #fetch(cid: CID): Promise<void> {
    if (this.#options.store.has(cid.multihash.bytes)) return
    const key = multihashKey(cid.multihash.bytes)
    const underway =
      this.#underway.get(key) ??
      this.#fromAnywhere(cid).finally(() => {
        this.#underway.delete(key)
      })
    this.#underway.set(key, underway)
    await underway
  }

  async #fromAnywhere(cid: CID): Promise<void> {
    const reasons: string[] = []
    for (const source of this.#options.sources) {
      const problem = await this.#from(source, cid)
      if (problem === undefined) return
      reasons.push(`${source.label}: ${problem}`)
    }
    const why = reasons.length === 0 ? 'there is nobody to ask for it' : reasons.join('; ')
    throw new CairnError('missing', `block ${cid} is not here: ${why}`, {
      want: { kind: 'block', id: cid.toString() }
    })
  }

  async #from(source: BlockSource, cid: CID): Promise<string | undefined> {
    try {
      const bytes = await source.fetch(cid, AbortSignal.timeout(blockMs))
      if (bytes === undefined) return 'does not have it'
      await holding(async () => {
        this.#options.store.put(cid, bytes)
        this.#options.store.flush()
      })
      return undefined
    } catch (cause) {
      const error = toCairnError(cause)
      if (error.code === 'no-space') throw error
      return error.message
    }
  }

  /** The CID at a path below one; blocks on the way are brought here. Throws `not-found`, `missing`. */
  async walk(root: CID, path: readonly string[], signal: AbortSignal): Promise<CID> {
    let at = root
    await this.block(at, signal)
    for (const part of path) {
      const link = await this.#lookup(at, part, signal)
      at = makeCid(link.codec, link.multihash, link.cidVersion)
      await this.block(at, signal)
    }
    return at
  }

  /** A sharded folder takes a block for each level of shards. */
  async #lookup(cid: CID, part: string, signal: AbortSignal) {
    for (;;) {
      try {
        const link = this.#options.reader.lookup(cid.code, cid.multihash.bytes, toName(part))
        if (link !== undefined) return link
        throw new CairnError('not-found', `${cid} has no ${JSON.stringify(part.slice(0, 200))}`)
      } catch (cause) {
        const want = cause instanceof CairnError ? cause.want : undefined
        if (want?.kind !== 'block') throw cause
        await this.block(CID.parse(want.id), signal)
      }
    }
  }

  /** Returns when every block of a DAG is here, on the disk. Throws as `transferDag`. */
  async whole(root: CID, signal: AbortSignal, onProgress: OnProgress = () => {}): Promise<void> {
    const { store, sources, patienceMs = limits.transferPatienceMs } = this.#options
    const lanes = () => sources.flatMap(source => source.lanes?.() ?? [])
    const single = (cid: CID, until: AbortSignal) => this.block(cid, until)
    const recovers = () => sources.some(source => source.recovers?.() === true)
    await transferDag({ store, lanes, single, recovers, patienceMs, onProgress }, root, signal)
    store.flush({ durable: true })
  }
}
