import { toCairnError } from '../base/errors.ts'
import type { Classification } from './adapter.ts'
import type { CatalogItem, Expectation, PullAnswer } from './api.ts'
import { bounds } from './bounds.ts'
import type { BufferPool } from './buffers.ts'
import type { DownloadHead } from './download.ts'
import type { Flight, Seat } from './flight.ts'
import type { PullOptions } from './open.ts'
import { stampOf } from './store-landed.ts'
import { readStored } from './stored-body.ts'

/** A reader's place in a flight whose body has begun. */
export interface Boarding {
  readonly flight: Flight
  readonly seat: Seat
  readonly head: DownloadHead
  readonly from: PullAnswer['from']
}

type AnswersOptions = Pick<PullOptions, 'catalog' | 'reader' | 'clock' | 'log'>
type Range = { start: number; end: number }

/** Makes answers of what is held and of what is arriving, and counts the bytes they hand out. */
export class Answers {
  readonly #options: AnswersOptions
  readonly #buffers: BufferPool
  #bytesServed = 0

  constructor(options: AnswersOptions, buffers: BufferPool) {
    this.#options = options
    this.#buffers = buffers
  }

  get bytesServed(): number {
    return this.#bytesServed
  }

  fromStore(wanted: Classification, item: CatalogItem, from: PullAnswer['from']): PullAnswer {
    const nowMs = this.#options.clock.nowMs()
    if (nowMs - item.usedMs > bounds.useGranularityMs) this.#options.catalog.use(item.key, nowMs)
    return {
      key: item.key,
      mediaType: wanted.mediaType,
      bytes: item.bytes,
      lastModified: item.lastModified ?? new Date(item.storedMs).toUTCString(),
      etag: etagOf(item.digests[0]),
      from,
      body: range => this.#count(this.#guard(item, range))
    }
  }

  /** Blocks that turn out unreadable take the item with them: the next request fetches it anew. */
  async *#guard(item: CatalogItem, range: Range | undefined): AsyncGenerator<Uint8Array> {
    try {
      yield* readStored(this.#options.reader, item, this.#buffers, range)
    } catch (cause) {
      const error = toCairnError(cause, `reading ${item.key}`)
      if (error.code === 'missing' || error.code === 'corrupt') this.drop(item.key, error.message)
      throw error
    }
  }

  drop(key: string, why: string): void {
    this.#options.log.warn({ key, why }, 'dropped an item that cannot be read')
    this.#options.catalog.remove(key)
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
      mediaType: wanted.mediaType,
      bytes: head.bytes,
      lastModified: lastModified ?? new Date(storedMs).toUTCString(),
      etag: etagOf(expected?.digest),
      from,
      body: range => this.#count(seat.read(range))
    }
  }

  async *#count(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      this.#bytesServed += piece.length
      yield piece
    }
  }
}

/** The whole body's sha256: strong, and the same on every machine. */
function etagOf(digest: string | undefined): string | undefined {
  return digest?.startsWith('sha256:') ? `"${digest.slice('sha256:'.length)}"` : undefined
}
