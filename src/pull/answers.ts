import type { Classification } from './adapter.ts'
import type { CatalogItem, Expectation, PullAnswer } from './api.ts'
import { bounds } from './bounds.ts'
import type { DownloadHead } from './download.ts'
import type { Flight, Seat } from './flight.ts'
import type { HeldItems } from './held-items.ts'
import type { PullOptions } from './open.ts'
import { Remembered } from './remembered.ts'
import { stampOf } from './store-landed.ts'
import type { Tally } from './tally.ts'
import { Uses } from './uses.ts'

/** A reader's place in a flight whose body has begun. */
export interface Boarding {
  readonly flight: Flight
  readonly seat: Seat
  readonly head: DownloadHead
  readonly from: PullAnswer['from']
}

type AnswersOptions = Pick<PullOptions, 'catalog' | 'clock'>

/** Makes answers of what is held and of what is arriving, and counts the bytes they hand out. */
export class Answers {
  readonly #options: AnswersOptions
  readonly #held: HeldItems
  readonly #tally: Tally
  readonly #uses: Uses
  /** Keys of bodies that broke off in somebody's hands. */
  readonly #brokenOff = new Remembered(bounds.negativeEntries)

  constructor(options: AnswersOptions, held: HeldItems, tally: Tally) {
    this.#options = options
    this.#uses = new Uses(options.catalog)
    this.#held = held
    this.#tally = tally
  }

  fromStore(wanted: Classification, item: CatalogItem, from: PullAnswer['from']): PullAnswer {
    this.#note(item, item.usedMs)
    return {
      key: item.key,
      digest: item.digests[0],
      mediaType: wanted.mediaType,
      bytes: item.bytes,
      lastModified: item.lastModified ?? new Date(item.storedMs).toUTCString(),
      etag: etagOf(item.digests[0]),
      from,
      whole: this.#wholeOnly(item.key),
      body: range => this.#held.body(item, range, bytes => this.served(item.key, bytes))
    }
  }

  /** What was answered before is answered again. True if it is noted, for the first time since `usedMs`, that it is used. */
  repeat(item: CatalogItem, usedMs: number): boolean {
    const counts = this.#tally.of(item.key)
    counts.requests++
    counts.hits++
    return this.#note(item, usedMs)
  }

  /** It was answered, and will be read. */
  #note({ key, cid }: CatalogItem, usedMs: number): boolean {
    this.#held.inUse.ask(cid)
    return this.#uses.note({ key, usedMs }, this.#options.clock.nowMs())
  }

  fromFlight(
    wanted: Classification,
    held: CatalogItem | undefined,
    expected: Expectation | undefined,
    { flight, seat, head, from }: Boarding
  ): PullAnswer {
    const { lastModified, storedMs } = stampOf(held, head, flight.startedMs)
    return {
      key: wanted.key,
      digest: expected?.digest,
      mediaType: wanted.mediaType,
      bytes: head.bytes,
      lastModified: lastModified ?? new Date(storedMs).toUTCString(),
      etag: etagOf(expected?.digest),
      from,
      whole: this.#wholeOnly(wanted.key),
      body: range => this.#count(wanted.key, seat.read(range))
    }
  }

  #wholeOnly(key: string): true | undefined {
    return this.#brokenOff.has(key, this.#options.clock.nowMs()) || undefined
  }

  served(key: string, bytes: number): void {
    this.#tally.of(key).bytesServed += bytes
  }

  /** Writes down what was used. */
  close(): void {
    this.#uses.write()
  }

  async *#count(key: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of body) {
        this.served(key, piece.length)
        yield piece
      }
    } catch (cause) {
      this.#brokenOff.add(key, this.#options.clock.nowMs() + bounds.brokenOffMs)
      throw cause
    }
  }
}

/** The whole body's sha256: strong, and the same on every machine. */
function etagOf(digest: string | undefined): string | undefined {
  return digest?.startsWith('sha256:') ? `"${digest.slice('sha256:'.length)}"` : undefined
}
