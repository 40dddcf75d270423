import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { algorithmOf, type Digest, Digester } from '../base/digest.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { bounds } from './bounds.ts'
import type { BufferPool } from './buffers.ts'
import { isWorthFinishing } from './decide.ts'
import {
  type DownloadHead,
  type DownloadRequest,
  type DownloadTools,
  download
} from './download.ts'
import { FlightFile } from './flight-file.ts'

/** The head of a flight's answer: a body that is coming, or "what you hold is right". */
export type FlightHead = DownloadHead | 'not-modified'

/** A body that arrived whole and is what was expected. */
export interface Landed {
  readonly head: DownloadHead
  readonly file: FlightFile
  readonly bytes: number
  /** sha256 first. */
  readonly digests: readonly Digest[]
}

export interface FlightOptions {
  readonly key: string
  readonly request: DownloadRequest
  /** Folder for the file. */
  readonly folder: string
  readonly buffers: BufferPool
  readonly tools: Omit<DownloadTools, 'signal'>
  /** Stores it; readers have already been shown all of it. */
  readonly land: (landed: Landed) => Promise<void>
  readonly onBytes: (bytes: number) => void
  /** Nobody reads any more and it is given up: who asks next needs another flight. */
  readonly onAbandoned: () => void
  readonly startedMs: number
}

/** One who reads along. */
export interface Seat {
  read: (range?: { start: number; end: number }) => AsyncGenerator<Uint8Array>
  /** May be called again. */
  leave: () => void
}

/** A download in progress that any number of readers share: asked for once, stored once. */
export class Flight {
  readonly #options: FlightOptions
  readonly #abort = new AbortController()
  readonly #head = Promise.withResolvers<FlightHead>()
  readonly #digester: Digester
  /** Settles when it is stored, found unchanged, or has failed. */
  readonly landed: Promise<void>
  #digests: Digest[] = []
  #file: FlightFile | undefined
  #total: number | undefined
  #seats = 0

  constructor(options: FlightOptions) {
    this.#options = options
    const expected = options.request.expected?.digest
    const other = expected === undefined ? 'sha256' : algorithmOf(expected)
    this.#digester = new Digester(other === 'sha256' ? ['sha256'] : ['sha256', other])
    this.landed = this.#fly()
    this.landed.catch(() => {})
    this.#head.promise.catch(() => {})
  }

  get startedMs(): number {
    return this.#options.startedMs
  }

  /** Rejects with the reason if the flight fails before its body begins. */
  get head(): Promise<FlightHead> {
    return this.#head.promise
  }

  async #fly(): Promise<void> {
    try {
      const result = await this.#download()
      if (result === 'not-modified') this.#head.resolve(result)
      else await this.#finish(result)
    } catch (cause) {
      const error = toCairnError(cause, `fetching ${this.#options.key}`)
      this.#head.reject(error)
      this.#file?.fail(error)
      throw error
    } finally {
      await this.#file?.release()
    }
  }

  async #download(): Promise<DownloadHead | 'not-modified'> {
    let head: DownloadHead | undefined
    const sink = {
      begin: async (begun: DownloadHead) => {
        head = begun
        await this.#begin(begun)
      },
      append: async (bytes: Uint8Array) => {
        this.#digester.update(bytes)
        this.#options.onBytes(bytes.length)
        await this.#file?.append(bytes)
      },
      holds: async (bytes: Uint8Array, position: number) =>
        (await this.#file?.holds(bytes, position)) ?? false,
      digest: (algorithm: string) => this.#digest(algorithm)
    }
    const { request, tools } = this.#options
    const result = await download(request, sink, { ...tools, signal: this.#abort.signal })
    if (result === 'not-modified') return result
    if (head === undefined) throw new CairnError('io', `${request.url}: a body without a head`)
    return head
  }

  async #begin(head: DownloadHead): Promise<void> {
    const path = join(this.#options.folder, randomUUID())
    this.#file = await FlightFile.open(path, this.#options.buffers, head.bytes)
    this.#total = head.bytes
    for (let seat = 0; seat < this.#seats; seat++) this.#file.retain()
    this.#head.resolve(head)
  }

  #digest(algorithm: string): Digest {
    this.#digests = this.#digester.finish()
    const found = this.#digests.find(digest => digest.startsWith(`${algorithm}:`))
    if (found === undefined) throw new CairnError('io', `no ${algorithm} was made`)
    return found
  }

  async #finish(head: DownloadHead): Promise<void> {
    const file = this.#file
    if (file === undefined) throw new CairnError('io', 'a flight ended before it began')
    if (this.#digests.length === 0) this.#digests = this.#digester.finish()
    file.complete()
    await this.#options.land({ head, file, bytes: file.arrived, digests: this.#digests })
  }

  /** Takes part: the bytes stay readable until `leave`. */
  join(): Seat {
    this.#seats++
    this.#file?.retain()
    let seated = true
    const leave = (): void => {
      if (!seated) return
      seated = false
      this.#seats--
      void this.#file?.release()
      if (this.#seats === 0) this.#abandon()
    }
    return { read: range => this.#read(range, leave), leave }
  }

  async *#read(
    range: { start: number; end: number } | undefined,
    leave: () => void
  ): AsyncGenerator<Uint8Array> {
    try {
      if (this.#file !== undefined) yield* this.#file.read(range?.start, range?.end)
    } finally {
      leave()
    }
  }

  #abandon(): void {
    const arrived = this.#file?.arrived ?? 0
    if (isWorthFinishing(arrived, this.#total, bounds.worthFinishingBytes)) return
    this.#options.onAbandoned()
    this.cancel(`nobody waits for ${this.#options.key} any more`)
  }

  /** Gives the download up; what arrived is dropped. Does nothing once all has arrived. */
  cancel(why: string): void {
    this.#abort.abort(new CairnError('aborted', why))
  }
}
