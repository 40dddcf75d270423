import { CairnError, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import type { Classification, Learned, Takeover } from '../adapter.ts'
import type { CatalogItem, Pull, PullAnswer, PullFetchOptions, PullStatistics } from '../api.ts'
import { bounds, defaultPatience } from '../bounds.ts'
import type { Engine } from '../engine.ts'
import { isNotAsked } from '../not-asked.ts'
import type { PullOptions } from '../open.ts'
import { Remembered } from '../remembered.ts'
import { stampOf } from '../store-landed.ts'
import { Bringing, type Brought } from './bring.ts'
import { NamedItems } from './named-items.ts'
import { Past } from './past.ts'
import { Trusted } from './trusted.ts'
import { within } from './within.ts'

type Document = Classification & { readonly takeover: Takeover }

/** A new version with all that comes along. */
interface NewVersion {
  readonly item: CatalogItem
  /** In the order of the takeover's; undefined: there is none. */
  readonly companions: ReadonlyArray<CatalogItem | undefined>
}

/**
 * The engine, and documents that name others: a new version of one is kept apart until it is found
 * to be its maker's and what it names of the items in use is here, then all of it is taken over in one
 * transaction. Until then, and when it is refused, the last good version is served. And items as they
 * were at a time, and what is published here.
 */
export class TakingOver implements Pull {
  readonly #options: PullOptions
  readonly #engine: Engine
  readonly #inner: Pull
  readonly #bringing: Bringing
  readonly #named: NamedItems
  readonly #past: Past
  readonly #takeoverMs: number
  readonly #trusted = new Trusted()
  readonly #running = new Map<string, Promise<void>>()
  /** Documents whose new version could not be taken over yet, and since when. */
  readonly #waitingSince = new Map<string, number>()
  /** Documents whose new version was refused or broken a moment ago. */
  readonly #resting = new Remembered(bounds.negativeEntries)

  constructor(options: PullOptions, engine: Engine, inner: Pull) {
    this.#options = options
    this.#engine = engine
    this.#inner = inner
    this.#bringing = new Bringing(options.catalog, engine)
    this.#named = new NamedItems(options.adapters, engine.held)
    this.#takeoverMs = { ...defaultPatience, ...options.patience }.takeoverMs
    this.#past = new Past(options.catalog, engine, this.#named)
  }

  async fetch(wanted: Classification, options: PullFetchOptions = {}): Promise<PullAnswer> {
    if (options.at !== undefined) {
      const past = await this.#past.fetch(wanted, options.at, options)
      if (past !== undefined) return past
    }
    if (wanted.hosted === true) return this.#serveHeld(wanted, 'is not published here')
    if (isDocument(wanted)) return await this.#document(wanted, options)
    if (wanted.takenWith !== undefined && isDocument(wanted.takenWith)) {
      const { from } = await this.#document(wanted.takenWith, options)
      return this.#serveHeld(wanted, 'is not there: its document is not signed apart', from)
    }
    return await this.#inner.fetch(wanted, options)
  }

  #serveHeld(wanted: Classification, why: string, from: PullAnswer['from'] = 'store'): PullAnswer {
    if (this.#engine.held.get(wanted.key) === undefined) {
      throw new CairnError('not-found', `${wanted.key} ${why}`)
    }
    return this.#engine.serve(wanted, from)
  }

  async #document(wanted: Document, { signal }: PullFetchOptions): Promise<PullAnswer> {
    const held = await this.#good(wanted)
    const nowMs = this.#options.clock.nowMs()
    if (held !== undefined && isFresh(wanted, held, nowMs)) {
      return this.#engine.serve(wanted, 'store')
    }
    if (held !== undefined && this.#resting.has(wanted.key, nowMs)) {
      return this.#engine.serve(wanted, 'stale')
    }
    const joined = this.#running.get(wanted.key)
    const work = joined ?? this.#begin(wanted, held)
    const from = joined === undefined ? 'upstream' : 'flight'
    try {
      const done = await untilAborted(
        held === undefined ? work.then(() => true) : within(work, this.#takeoverMs),
        signal
      )
      return this.#engine.serve(wanted, done ? from : 'stale')
    } catch (cause) {
      const error = toCairnError(cause)
      const gone = error.code === 'not-found' || error.code === 'aborted'
      if (gone || held === undefined) throw error
      return this.#engine.serve(wanted, 'stale')
    }
  }

  /** What is held, if it is its maker's by the keys that are believed now. */
  async #good(wanted: Document): Promise<CatalogItem | undefined> {
    const { held } = this.#engine
    const item = held.get(wanted.key)
    if (item === undefined) return undefined
    const companions = wanted.takeover.companions.map(each => held.get(each.item.key))
    const verify = () => this.#verify(wanted, { item, companions }, undefined)
    return (await this.#trusted.isRight(wanted.takeover, item, verify)) ? item : undefined
  }

  #begin(wanted: Document, held: CatalogItem | undefined): Promise<void> {
    const { troubles } = this.#engine.tally
    const work = this.#renew(wanted, held).finally(() => this.#running.delete(wanted.key))
    this.#running.set(wanted.key, work)
    const failed = (cause: unknown): void => {
      const error = toCairnError(cause)
      const { code, message } = error
      if (code === 'not-found' || code === 'aborted' || isNotAsked(error)) return
      const nowMs = this.#options.clock.nowMs()
      this.#resting.add(wanted.key, nowMs + bounds.upstreamRestMs)
      troubles.note(wanted.key, message, nowMs)
      const kept =
        held === undefined ? 'there is no version to serve' : 'the last good one is served'
      this.#options.log.warn({ key: wanted.key, code }, `${message}; ${kept}`)
    }
    work.then(() => troubles.clear(wanted.key), failed)
    return work
  }

  async #renew(wanted: Document, held: CatalogItem | undefined): Promise<void> {
    const { catalog, clock } = this.#options
    const next = await this.#bringing.bring(wanted.takeover.next)
    const complete = wanted.takeover.companions.every(
      ({ item }) => this.#engine.held.get(item.key) !== undefined
    )
    if (held !== undefined && sameBytes(held, next) && complete) {
      catalog.touch(wanted.key, clock.nowMs())
      this.#waitingSince.delete(wanted.key)
      return
    }
    const version = await this.#whole(wanted, next)
    const by = await wanted.takeover.trust?.()
    await this.#verify(wanted, version, held)
    const named = await this.#named.of(version.item, wanted.key)
    const lenient = held === undefined || this.#waitedLong(wanted.key)
    const members = await this.#bringing.members(
      named.values(),
      wanted.takeover.ways,
      clock.nowMs(),
      lenient
    )
    this.#take(wanted, version, named, members)
    this.#trusted.believe(wanted.key, version.item, by)
    this.#waitingSince.delete(wanted.key)
  }

  /** The document and its companions are of one version if it did not change while they were fetched. */
  async #whole({ takeover }: Document, item: CatalogItem): Promise<NewVersion> {
    if (takeover.companions.length === 0) return { item, companions: [] }
    const companions: Array<CatalogItem | undefined> = []
    for (const { next } of takeover.companions) {
      companions.push(await this.#bringing.bring(next).catch(undefinedIfAbsent))
    }
    if (sameBytes(await this.#bringing.bring(takeover.next), item)) return { item, companions }
    throw new CairnError('upstream', `${takeover.next.url} changed while it was fetched`)
  }

  async #verify(
    { takeover, url }: Document,
    { item, companions }: NewVersion,
    held: CatalogItem | undefined
  ): Promise<void> {
    if (takeover.verify === undefined) return
    try {
      const parts = companions.map(each => (each === undefined ? undefined : this.#read(each)))
      const before = held === undefined ? undefined : await this.#read(held)
      await takeover.verify(await this.#read(item), await Promise.all(parts), before)
    } catch (cause) {
      const { code, message } = toCairnError(cause)
      throw new CairnError(code, `${url} is refused: ${message}`, { cause })
    }
  }

  async #read(item: CatalogItem): Promise<Uint8Array> {
    if (item.bytes > limits.releaseBytes) {
      throw new CairnError('file-too-large', `${item.key} has ${item.bytes} bytes`)
    }
    const pieces: Buffer[] = []
    for await (const piece of this.#engine.held.read(item)) pieces.push(Buffer.from(piece))
    return Buffer.concat(pieces)
  }

  /** An upstream that names what it never serves must not hold its new versions up for ever. */
  #waitedLong(key: string): boolean {
    const nowMs = this.#options.clock.nowMs()
    const sinceMs = this.#waitingSince.get(key) ?? nowMs
    this.#waitingSince.set(key, sinceMs)
    return nowMs - sinceMs > bounds.takeoverPatienceMs
  }

  /** All of it at once: no reader sees a mixture. */
  #take(
    wanted: Document,
    { item, companions }: NewVersion,
    named: ReadonlyMap<string, Learned>,
    members: readonly Brought[]
  ): void {
    const { catalog, clock } = this.#options
    const nowMs = clock.nowMs()
    const [digest] = item.digests
    if (digest === undefined) throw new CairnError('io', `${item.key} has no digest`)
    const parts: ReadonlyArray<readonly [Classification, CatalogItem | undefined]> = [
      [wanted, item],
      ...wanted.takeover.companions.map((each, index) => [each.item, companions[index]] as const)
    ]
    const keys = [...parts.map(([part]) => part.key), ...members.map(({ key }) => key)]
    const latest = Math.max(
      ...keys.map(key => stampOf(catalog.get(key), undefined, nowMs).storedMs)
    )
    catalog.together(() => {
      for (const [{ key, mediaType }, taken] of parts) {
        if (taken === undefined) catalog.remove(key)
        else this.#put({ ...taken, mediaType, usedMs: nowMs }, key, latest, nowMs)
      }
      for (const { key, item: member } of members) this.#put(member, key, latest, nowMs)
      const learning = catalog.learn(wanted.document ?? wanted.key, { digest, learntMs: nowMs })
      learning.add([...named.values()])
      learning.commit()
    })
    this.#options.log.info({ key: wanted.key, members: members.length }, 'took a new version over')
  }

  /** What has not changed keeps the date that clients know it by. */
  #put(item: CatalogItem, key: string, storedMs: number, nowMs: number): void {
    const { catalog } = this.#options
    const before = catalog.get(key)
    const changed = before === undefined || !sameBytes(before, item)
    const { lastModified } = stampOf(before, item, nowMs)
    const stamp = changed ? { lastModified, storedMs } : before
    const { mediaType, usedMs } = item
    catalog.put(
      {
        ...item,
        ...stamp,
        ...(changed ? {} : { digests: item.digests }),
        key,
        mediaType,
        usedMs,
        validatedMs: nowMs
      },
      { version: true }
    )
  }

  statistics(): PullStatistics {
    return this.#inner.statistics()
  }

  async learnt(): Promise<void> {
    await this.#inner.learnt()
  }

  async close(): Promise<void> {
    await this.#inner.close()
    await Promise.allSettled(this.#running.values())
  }
}

function isDocument(wanted: Classification): wanted is Document {
  return wanted.takeover !== undefined
}

function isFresh(wanted: Classification, held: CatalogItem, nowMs: number): boolean {
  if (wanted.freshness.kind === 'immutable') return true
  const ageMs = nowMs - held.validatedMs
  return ageMs >= 0 && ageMs < wanted.freshness.maxAgeMs
}

function sameBytes(a: CatalogItem, b: CatalogItem): boolean {
  return a.cid.equals(b.cid)
}

function undefinedIfAbsent(cause: unknown): undefined {
  if (cause instanceof CairnError && cause.code === 'not-found') return undefined
  throw cause
}
