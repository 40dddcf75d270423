import { CairnError, toCairnError } from '../base/errors.ts'
import { holding } from '../base/holding.ts'
import { limits } from '../base/limits.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { Classification } from './adapter.ts'
import { Answers } from './answers.ts'
import type { CatalogItem, Expectation, Pull, PullAnswer, PullStatistics } from './api.ts'
import { type FlightSource, flightSource } from './ask-peers.ts'
import { bounds, defaultPatience } from './bounds.ts'
import { BufferPool } from './buffers.ts'
import { type Decision, decide, freshUntilMs, mayServeStale, mostBytesOf } from './decide.ts'
import type { DownloadHead } from './download.ts'
import { Flight, type Landed } from './flight.ts'
import { HeldItems } from './held-items.ts'
import { Learner } from './learner.ts'
import { isNotAsked } from './not-asked.ts'
import type { Patience, PullOptions } from './open.ts'
import { Remembered } from './remembered.ts'
import { copiedItem, storeLanded } from './store-landed.ts'
import { Tally } from './tally.ts'

/** What is known when an item is asked for. */
interface Known {
  readonly held: CatalogItem | undefined
  readonly expected: Expectation | undefined
  readonly decision: Decision
  /** What is held may be answered if the upstream fails. */
  readonly fallback: boolean
}

/** See `openPull`. */
export class Engine implements Pull {
  readonly #options: PullOptions
  readonly #patience: Patience
  readonly #buffers = new BufferPool()
  readonly #flights = new Map<string, Flight>()
  readonly #notFound = new Remembered(bounds.negativeEntries)
  readonly #resting = new Remembered(bounds.negativeEntries)
  /** Items by key, those that are here. */
  readonly held: HeldItems
  readonly #learner: Learner
  readonly answers: Answers
  readonly tally = new Tally()
  #closed = false

  constructor(options: PullOptions) {
    this.#options = options
    this.#patience = { ...defaultPatience, ...options.patience }
    this.held = new HeldItems(options, this.#buffers)
    this.#learner = new Learner(options, this.held)
    this.answers = new Answers(options, this.held, this.tally)
  }

  async fetch(
    wanted: Classification,
    { signal }: { signal?: AbortSignal } = {}
  ): Promise<PullAnswer> {
    this.tally.of(wanted.key).requests++
    await this.#indexed(wanted, signal)
    if (this.#closed) throw new CairnError('aborted', 'Cairn is stopping')
    const known = this.#look(wanted)
    const { decision, held } = known
    if (decision === 'serve' && held !== undefined) return this.#hit(wanted, held)
    const copied = this.#copy(wanted, known.expected)
    if (copied !== undefined) return this.#hit(wanted, copied)
    if (wanted.hosted === true) {
      throw new CairnError('not-found', `${wanted.key} is not published here`)
    }
    if (this.#notFound.has(wanted.url, this.#options.clock.nowMs())) {
      throw new CairnError('not-found', `${wanted.url}: not found upstream a moment ago`)
    }
    return await this.#fromUpstream(wanted, known, signal)
  }

  #hit(wanted: Classification, item: CatalogItem): PullAnswer {
    this.tally.of(wanted.key).hits++
    const again = { item, untilMs: freshUntilMs(wanted, item) }
    return { ...this.#fromStore(wanted, item, 'store'), again }
  }

  /** What no index names yet, while one that may is being learnt, could be kept unverified. */
  async #indexed(wanted: Classification, signal: AbortSignal | undefined): Promise<void> {
    if (wanted.document !== undefined || wanted.digest !== undefined) return
    const settled = this.#learner.settled(wanted.key)
    if (settled === undefined || this.#options.catalog.expected(wanted.key) !== undefined) return
    await untilAborted(settled, signal)
  }

  #look(wanted: Classification): Known {
    const learnt = this.#options.catalog.expected(wanted.key)
    const named = wanted.digest
    const expected =
      named === undefined || learnt?.digest === named ? learnt : { digest: named, bytes: undefined }
    const held = this.held.get(wanted.key)
    const nowMs = this.#options.clock.nowMs()
    const decision = decide({ wanted, expected, held, nowMs })
    return { held, expected, decision, fallback: mayServeStale({ expected, held }) }
  }

  /** The same bytes under another key need no download; only of digests that nobody can forge. */
  #copy(wanted: Classification, expected: Expectation | undefined): CatalogItem | undefined {
    if (expected === undefined || !/^sha(256|512):/.test(expected.digest)) return undefined
    const other = this.held.check(this.#options.catalog.byDigest(expected.digest))
    if (other === undefined) return undefined
    const nowMs = this.#options.clock.nowMs()
    const item = copiedItem(other, wanted, this.#options.catalog.get(wanted.key), nowMs)
    this.#options.catalog.put(item)
    return item
  }

  async #fromUpstream(
    wanted: Classification,
    known: Known,
    signal: AbortSignal | undefined
  ): Promise<PullAnswer> {
    const origin = new URL(wanted.url).origin
    const nowMs = this.#options.clock.nowMs()
    if (known.fallback && this.#resting.has(origin, nowMs)) return this.#stale(wanted, known)
    const running = this.#flights.get(wanted.key)
    const flight = running ?? this.#start(wanted, known)
    const seat = flight.join()
    const leave = (): void => seat.leave()
    signal?.addEventListener('abort', leave, { once: true })
    try {
      const head = await untilAborted(this.#arrival(flight, known), signal)
      if (head !== 'in-store') {
        const from = running === undefined ? 'upstream' : 'flight'
        return this.answers.fromFlight(wanted, known.held, known.expected, {
          flight,
          seat,
          head,
          from
        })
      }
      seat.leave()
      const item = this.#options.catalog.get(wanted.key)
      if (item === undefined)
        throw new CairnError('io', `${wanted.key} went while it was asked for`)
      return this.#fromStore(wanted, item, running === undefined ? 'upstream' : 'flight')
    } catch (cause) {
      seat.leave()
      return this.#afterFailure(wanted, known, toCairnError(cause))
    }
  }

  /**
   * A new version of something short that is held is waited for whole: if it turns out broken the
   * old one is served, and if it is the same bytes clients keep their date for it.
   */
  async #arrival(flight: Flight, { held }: Known): Promise<DownloadHead | 'in-store'> {
    const head = await flight.head
    const short =
      head === 'not-modified' ||
      (held !== undefined && (head.bytes ?? 0) <= bounds.revalidatedWholeBytes)
    if (!short) return head
    await flight.landed
    return 'in-store'
  }

  #afterFailure(wanted: Classification, known: Known, error: CairnError): PullAnswer {
    const nowMs = this.#options.clock.nowMs()
    if (error.code === 'not-found') this.#notFound.add(wanted.url, nowMs + limits.negativeMs)
    if (error.code === 'not-found' || error.code === 'aborted') throw error
    if ((error.code === 'upstream' || error.code === 'timeout') && !isNotAsked(error)) {
      this.#resting.add(new URL(wanted.url).origin, nowMs + bounds.upstreamRestMs)
    }
    const refuted = error.code === 'mismatch' && known.expected !== undefined
    if (refuted || !known.fallback) throw error
    return { ...this.#stale(wanted, known), why: error }
  }

  #stale(wanted: Classification, { held }: Known): PullAnswer {
    if (held === undefined) throw new CairnError('io', `${wanted.key} is not held`)
    this.tally.of(wanted.key).stale++
    return this.#fromStore(wanted, held, 'stale')
  }

  #start(wanted: Classification, { held, expected, decision, fallback }: Known): Flight {
    const { key, url } = wanted
    const validated = decision === 'revalidate' ? held : undefined
    const startedMs = this.#options.clock.nowMs()
    const asked = validated === undefined ? expected : undefined
    const source = flightSource(this.#options, wanted, asked)
    const flight = new Flight({
      key,
      request: {
        url,
        validators: {
          etag: validated?.etag,
          lastModified: validated?.lastModified
        },
        expected,
        immutable: wanted.freshness.kind === 'immutable',
        headers: wanted.requestHeaders ?? {},
        mostBytes: mostBytesOf(wanted),
        attempts: fallback ? 1 : this.#attempts(url, startedMs),
        headMs: fallback ? this.#patience.staleHeadMs : this.#patience.headMs
      },
      folder: this.#options.flights,
      buffers: this.#buffers,
      tools: { fetchUpstream: source.fetchUpstream, patience: this.#patience },
      startedMs,
      land: landed => this.#land(wanted, landed, startedMs),
      onAbandoned: () => this.#takeOff(key, flight),
      onBytes: bytes => {
        this.tally.of(key).bytesFetched += bytes
      }
    })
    this.#flights.set(key, flight)
    void this.#settle(wanted, flight, source)
    return flight
  }

  /** One that failed a moment ago is hardly to be had by patience. */
  #attempts(url: string, nowMs: number): number {
    return this.#resting.has(new URL(url).origin, nowMs) ? bounds.restingAttempts : bounds.attempts
  }

  async #settle(wanted: Classification, flight: Flight, source: FlightSource) {
    const { key, url } = wanted
    const { catalog, clock, log } = this.#options
    try {
      const head = await flight.head
      if (head === 'not-modified') catalog.touch(key, clock.nowMs())
      const { origin } = new URL(url)
      this.#resting.delete(origin)
      this.tally.troubles.clear(origin)
      await flight.landed
      this.tally.troubles.clear(key)
    } catch (cause) {
      const error = toCairnError(cause)
      if (error.code === 'mismatch') source.refuted()
      if (!this.tally.failed(wanted, error, clock.nowMs())) return
      log.warn({ key, code: error.code }, error.message)
    } finally {
      this.#takeOff(key, flight)
    }
  }

  #takeOff(key: string, flight: Flight): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key)
  }

  async #land(wanted: Classification, landed: Landed, startedMs: number): Promise<void> {
    const considered = Promise.withResolvers<void>()
    if (wanted.document !== undefined) this.#learner.announce(wanted.document, considered.promise)
    try {
      const to = { ...this.#options, held: this.held }
      await holding(() => storeLanded(to, wanted, landed, startedMs))
      const item = this.#options.catalog.get(wanted.key)
      if (item !== undefined) this.#learner.consider(wanted, item, 'new')
    } finally {
      considered.resolve()
    }
  }

  /** Answers with an item that is held, whatever its age, or a version of it. Throws `missing` if it is not. */
  serve(wanted: Classification, from: PullAnswer['from'], version?: CatalogItem): PullAnswer {
    if (this.#closed) throw new CairnError('aborted', 'Cairn is stopping')
    this.tally.of(wanted.key).requests++
    const item = version ?? this.held.get(wanted.key)
    if (item === undefined) throw new CairnError('missing', `${wanted.key} went: ask again`)
    this.tally.of(wanted.key).hits++
    // What came in a bundle was read by nobody yet, and the files that it names are known by it alone.
    const isUnread = version === undefined && wanted.hosted !== true
    if (isUnread) this.#learner.consider(wanted, item, 'held')
    return this.answers.fromStore(wanted, item, from)
  }

  #fromStore(wanted: Classification, item: CatalogItem, from: PullAnswer['from']): PullAnswer {
    this.#learner.consider(wanted, item, 'held')
    return this.answers.fromStore(wanted, item, from)
  }

  statistics(): PullStatistics {
    return { ...this.tally.statistics(), flights: this.#flights.size }
  }

  async learnt(): Promise<void> {
    await this.#learner.idle()
  }

  /** Resolves when the flight of a key, if there is one, is stored; rejects with why it was not. */
  async landed(key: string): Promise<void> {
    await this.#flights.get(key)?.landed
  }

  async close(): Promise<void> {
    this.#closed = true
    const flights = [...this.#flights.values()]
    for (const flight of flights) flight.cancel('Cairn is stopping')
    await Promise.allSettled(flights.map(flight => flight.landed))
    await this.#learner.close()
    this.answers.close()
  }
}
