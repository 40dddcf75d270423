import { makeCid } from '../base/blocks.ts'
import { type Digest, digestOf } from '../base/digest.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { holding } from '../base/holding.ts'
import { limits } from '../base/limits.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { Classification, Derivation } from './adapter.ts'
import type { CatalogItem, Pull, PullAnswer, PullStatistics } from './api.ts'
import { bounds } from './bounds.ts'
import type { Engine } from './engine.ts'
import type { PullOptions } from './open.ts'
import { stampOf } from './store-landed.ts'
import { Variants } from './variants.ts'

type DeriveOptions = Pick<PullOptions, 'catalog' | 'blocks' | 'writer' | 'clock' | 'log'>
type FetchOptions = { signal?: AbortSignal }
type Had = Pick<PullAnswer, 'from' | 'again'>

/** Why a document's body is not read: it is in the store. An abort that names no reason makes one, which costs more than a lookup. */
const left = new CairnError('aborted', 'the document is in the store')

/** The engine, and what is made of what it fetches: derived items, and items a document vouches for. */
export class Deriving implements Pull {
  readonly #options: DeriveOptions
  readonly #engine: Engine
  readonly #variants: Variants
  readonly #running = new Map<string, Promise<CatalogItem>>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: DeriveOptions, engine: Engine) {
    this.#options = options
    this.#engine = engine
    this.#variants = new Variants(options.catalog, engine.held)
  }

  async fetch(wanted: Classification, options: FetchOptions = {}): Promise<PullAnswer> {
    const { derived, voucher } = wanted
    if (voucher !== undefined) await this.#vouch(wanted.key, voucher, options)
    if (derived === undefined) return await this.#engine.fetch(wanted, options)
    const { from, again, item } = await this.#derive(wanted, derived, options)
    const answer = this.#engine.serve(wanted, from, item)
    if (again === undefined) return answer
    return { ...answer, again: { item, untilMs: again.untilMs } }
  }

  /** What nothing vouches for would be kept for ever, right or wrong. */
  async #vouch(key: string, voucher: Classification, options: FetchOptions): Promise<void> {
    const { catalog } = this.#options
    if (catalog.expected(key) !== undefined || this.#engine.held.get(key) !== undefined) return
    await this.#bring(voucher, options)
    await this.#engine.learnt()
    if (catalog.expected(key) === undefined) {
      throw new CairnError('not-found', `${voucher.url} names no ${key}`)
    }
  }

  /** Sees to it that the item is held, made of the newest source there is; tells how that was had. */
  async #derive(
    wanted: Classification,
    derived: Derivation,
    options: FetchOptions
  ): Promise<Had & { readonly item: CatalogItem }> {
    const { signal } = options
    try {
      const had = await this.#bring(derived.source, options)
      const source = this.#options.catalog.get(derived.source.key)
      if (source === undefined) throw new CairnError('io', `${derived.source.key} went`)
      const held = this.#variants.find(wanted.key, derived, source)
      const item = held ?? (await untilAborted(this.#makeOnce(wanted, derived, source), signal))
      return { ...had, item }
    } catch (cause) {
      const error = toCairnError(cause)
      if (error.code === 'not-found' || error.code === 'aborted') throw error
      const item = this.#variants.find(wanted.key, derived)
      if (item === undefined) throw error
      return { from: 'stale', item }
    }
  }

  /** Has a document in the store: fresh, or stale if its upstream fails. */
  async #bring(source: Classification, { signal }: FetchOptions): Promise<Had> {
    const leaving = new AbortController()
    const either = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal])
    try {
      const { from, again } = await this.#engine.fetch(source, { signal: either })
      if (from === 'upstream' || from === 'flight') {
        await untilAborted(this.#engine.landed(source.key), signal)
      }
      return { from, again }
    } finally {
      leaving.abort(left)
    }
  }

  #makeOnce(
    wanted: Classification,
    derived: Derivation,
    source: CatalogItem
  ): Promise<CatalogItem> {
    const name = `${wanted.key} ${source.digests[0]} ${derived.variant}`
    const running = this.#running.get(name)
    if (running !== undefined) return running
    const work = this.#make(wanted, derived, source).finally(() => this.#running.delete(name))
    this.#running.set(name, work)
    work.catch(() => {})
    return work
  }

  /** Only after the source was learnt: who reads the one may rely on the other. */
  async #make(
    wanted: Classification,
    derived: Derivation,
    source: CatalogItem
  ): Promise<CatalogItem> {
    const make = async () => await derived.make(await this.#read(source))
    const bytes = await this.#inTurn(source.bytes, make).catch((cause: unknown) => {
      const error = toCairnError(cause)
      if (error.code !== 'not-found' && error.code !== 'aborted') {
        this.#options.log.warn({ key: source.key, code: error.code }, error.message)
        this.#options.catalog.remove(source.key)
      }
      throw error
    })
    await this.#engine.learnt()
    return await holding(async () => this.#store(wanted, derived, source, bytes))
  }

  /** Long documents one after the other: what makes of them waits for the one before, each in memory. */
  #inTurn<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (bytes < bounds.longDocumentBytes) return work()
    const mine = this.#last.then(work)
    this.#last = mine.catch(() => {})
    return mine
  }

  async #read(source: CatalogItem): Promise<Uint8Array> {
    if (source.bytes > limits.derivedBytes) {
      throw new CairnError('file-too-large', `${source.key} has ${source.bytes} bytes`)
    }
    const whole = Buffer.allocUnsafe(source.bytes)
    let position = 0
    for await (const piece of this.#engine.held.read(source)) {
      whole.set(piece, position)
      position += piece.length
    }
    return whole
  }

  #store(
    wanted: Classification,
    derived: Derivation,
    source: CatalogItem,
    bytes: Uint8Array
  ): CatalogItem {
    const { blocks, catalog, clock, writer } = this.#options
    const nowMs = clock.nowMs()
    const digest: Digest = digestOf('sha256', bytes)
    const builder = writer.file()
    builder.write(bytes)
    const node = builder.finish()
    blocks.flush()
    const item: CatalogItem = {
      key: wanted.key,
      cid: makeCid(node.codec, node.multihash, node.cidVersion),
      bytes: bytes.length,
      mediaType: wanted.mediaType,
      digests: [digest],
      etag: undefined,
      ...stampOf(catalog.get(wanted.key), undefined, nowMs),
      validatedMs: nowMs,
      usedMs: nowMs
    }
    return this.#variants.put(item, derived, source)
  }

  statistics(): PullStatistics {
    return this.#engine.statistics()
  }

  async learnt(): Promise<void> {
    await this.#engine.learnt()
  }

  async close(): Promise<void> {
    await this.#engine.close()
    await Promise.allSettled(this.#running.values())
  }
}
