import { setTimeout as wait } from 'node:timers/promises'
import { algorithmOf, type Digest, type DigestAlgorithm } from '../base/digest.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { Expectation, FetchUpstream } from './api.ts'
import { bounds } from './bounds.ts'
import { meaningOf } from './decide.ts'
import type { Patience } from './open.ts'
import { headersFor } from './request-headers.ts'
import { Watch } from './watch.ts'

/** One item to get from its upstream. */
export interface DownloadRequest {
  readonly url: string
  /** Of the version held: the upstream may answer that it is still right. */
  readonly validators: Validators
  readonly expected: Expectation | undefined
  /** These bytes never change upstream: a rest may be asked for without a validator. */
  readonly immutable: boolean
  readonly headers: Readonly<Record<string, string>>
  /** A body whose size nobody vouches for ends here. */
  readonly mostBytes: number
  /** Requests at most. */
  readonly attempts: number
  /** For the head of an answer: until there is one, for all requests together. */
  readonly headMs: number
  /** What the sink has of an earlier download, and how that one's answer was headed. */
  readonly resumed?: { readonly arrived: number; readonly head: DownloadHead }
}

export interface Validators {
  readonly etag: string | undefined
  readonly lastModified: string | undefined
}

export interface DownloadHead extends Validators {
  readonly bytes: number | undefined
}

/** Where the bytes go, in order and each once, whatever had to be asked for again. */
export interface DownloadSink {
  /** Before the first byte, once. */
  begin: (head: DownloadHead) => Promise<void>
  append: (bytes: Uint8Array) => Promise<void>
  /** True if these bytes are what was appended at `position`. */
  holds: (bytes: Uint8Array, position: number) => Promise<boolean>
  /** Forgets what it has of an earlier download: that was of another version. */
  restart?: () => Promise<void>
  /** The digest of all that was appended; called once, last. */
  digest: (algorithm: DigestAlgorithm) => Digest
}

export interface DownloadTools {
  readonly fetchUpstream: FetchUpstream
  readonly patience: Patience
  readonly signal: AbortSignal
}

/** What one request came to; `again` is a failure that another request may get past. */
type Attempt = 'complete' | 'not-modified' | { readonly again: CairnError }

/**
 * Gets an item: retries what may pass, resumes a body that was cut, and returns only when all of it
 * is in the sink and is what was expected. Throws `not-found`, `upstream`, `timeout`, `mismatch`, `aborted`.
 */
export async function download(
  request: DownloadRequest,
  sink: DownloadSink,
  tools: DownloadTools
): Promise<'complete' | 'not-modified'> {
  const transfer = new Transfer(request, sink, tools)
  if (transfer.hadAll()) return 'complete'
  for (let attempt = 1; ; attempt++) {
    const result = await transfer.attempt()
    if (typeof result === 'string') return result
    const pauseMs = tools.patience.backOffMs * 2 ** (attempt - 1)
    if (attempt >= request.attempts || tools.signal.aborted) throw result.again
    if (pauseMs >= transfer.headLeftMs()) throw result.again
    await wait(pauseMs, undefined, { signal: tools.signal })
  }
}

class Transfer {
  readonly #request: DownloadRequest
  readonly #sink: DownloadSink
  readonly #tools: DownloadTools
  readonly #begunMs = performance.now()
  #arrived = 0
  #head: DownloadHead | undefined
  #outdated = false
  #restarted = false

  constructor(request: DownloadRequest, sink: DownloadSink, tools: DownloadTools) {
    this.#request = request
    this.#sink = sink
    this.#tools = tools
    this.#arrived = request.resumed?.arrived ?? 0
    this.#head = request.resumed?.head
  }

  /** Nothing is left to be asked for. Throws `mismatch` as a download would. */
  hadAll(): boolean {
    if (this.#head?.bytes === undefined || this.#arrived < this.#head.bytes) return false
    this.#verify()
    return true
  }

  /** How long the head of an answer is waited for from now on. Who has one of an earlier request waits as long as at first. */
  headLeftMs(): number {
    const { headMs } = this.#request
    if (this.#head !== undefined) return headMs
    return Math.max(0, Math.ceil(headMs - (performance.now() - this.#begunMs)))
  }

  async attempt(): Promise<Attempt> {
    const watch = new Watch(this.#tools.signal)
    try {
      watch.arm(this.headLeftMs(), 'did not answer')
      return await this.#ask(watch)
    } catch (cause) {
      if (this.#outdated && (await this.#startsOver())) return { again: toCairnError(cause) }
      return this.#failure(watch.reason ?? cause)
    } finally {
      watch.end()
    }
  }

  /** What an earlier process left may be of a version that is gone. */
  async #startsOver(): Promise<boolean> {
    if (this.#restarted || this.#request.resumed === undefined) return false
    await this.#sink.restart?.()
    this.#restarted = true
    this.#outdated = false
    this.#arrived = 0
    this.#head = undefined
    return true
  }

  /** A fault of the network may pass; an answer that is wrong stays wrong. */
  #failure(cause: unknown): Attempt {
    if (this.#tools.signal.aborted) throw toCairnError(cause, `gave up ${this.#request.url}`)
    if (cause instanceof CairnError && cause.code !== 'timeout') throw cause
    const code = cause instanceof CairnError ? 'timeout' : 'upstream'
    const text = cause instanceof Error ? cause.message : String(cause)
    return { again: new CairnError(code, `${this.#request.url}: ${text}`, { cause }) }
  }

  async #ask(watch: Watch): Promise<Attempt> {
    const answer = await this.#tools.fetchUpstream(this.#request.url, {
      headers: headersFor(this.#request, this.#arrived, this.#head),
      signal: watch.signal
    })
    const meaning = meaningOf(answer.status)
    const body = answer.body ?? noBody()
    if (meaning === 'body') return await this.#take(answer.headers, body, watch)
    if (meaning === 'rest') return await this.#takeRest(answer.headers, body, watch)
    if (answer.status === 416 && this.#arrived > 0) throw this.#changed()
    const said = `${this.#request.url}: the upstream answered ${answer.status}`
    if (meaning === 'not-modified' && this.#mayBeUnchanged) return 'not-modified'
    if (meaning === 'not-found') throw new CairnError('not-found', said)
    if (meaning === 'again') return { again: new CairnError('upstream', said) }
    throw new CairnError('upstream', said)
  }

  /** Only one who was asked so may say it: a rest, or other bytes than those held, cannot be "unchanged". */
  get #mayBeUnchanged(): boolean {
    const { etag, lastModified } = this.#request.validators
    return this.#head === undefined && (etag !== undefined || lastModified !== undefined)
  }

  async #take(headers: Headers, body: AsyncIterable<Uint8Array>, watch: Watch): Promise<Attempt> {
    const announced = numberOf(headers.get('content-length'))
    this.#refuseEncoded(headers.get('content-encoding'))
    if (this.#head !== undefined) {
      this.#refuseOtherLength(announced)
      if ((headers.get('etag') ?? undefined) !== this.#head.etag) throw this.#changed()
      return await this.#receive(body, 0, watch)
    }
    const expectedBytes = this.#request.expected?.bytes
    if (announced !== undefined && expectedBytes !== undefined && announced !== expectedBytes) {
      throw this.#mismatch(`is ${announced} bytes long, the index says ${expectedBytes}`)
    }
    if (announced !== undefined && expectedBytes === undefined) this.#refuseEndless(announced)
    const head: DownloadHead = {
      bytes: announced ?? expectedBytes,
      etag: headers.get('etag') ?? undefined,
      lastModified: headers.get('last-modified') ?? undefined
    }
    await this.#sink.begin(head)
    this.#head = head
    return await this.#receive(body, 0, watch)
  }

  async #takeRest(
    headers: Headers,
    body: AsyncIterable<Uint8Array>,
    watch: Watch
  ): Promise<Attempt> {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '')
    if (range === null || Number(range[1]) !== this.#arrived || this.#arrived === 0) {
      throw new CairnError(
        'upstream',
        `${this.#request.url}: the upstream answered another part than was asked for`
      )
    }
    this.#refuseOtherLength(numberOf(range[2] ?? null))
    const etag = headers.get('etag') ?? undefined
    if (etag !== undefined && etag !== this.#head?.etag) throw this.#changed()
    return await this.#receive(body, this.#arrived, watch)
  }

  #refuseOtherLength(bytes: number | undefined): void {
    const known = this.#head?.bytes
    if (bytes !== undefined && known !== undefined && bytes !== known) throw this.#changed()
  }

  #changed(): CairnError {
    this.#outdated = true
    return new CairnError('upstream', `${this.#request.url}: changed upstream while it was fetched`)
  }

  #mismatch(what: string): CairnError {
    return new CairnError('mismatch', `${this.#request.url}: what the upstream sends ${what}`)
  }

  async #receive(body: AsyncIterable<Uint8Array>, from: number, watch: Watch): Promise<Attempt> {
    let position = from
    let armedAt = Number.NEGATIVE_INFINITY
    const arm = (): void => {
      if (position - armedAt < bounds.trickleBytes) return
      watch.arm(this.#tools.patience.idleMs, 'stopped sending, or all but did,')
      armedAt = position
    }
    arm()
    for await (const piece of body) {
      await this.#accept(piece, position)
      position += piece.length
      arm()
    }
    const total = this.#head?.bytes
    if (position < this.#arrived || (total !== undefined && position < total)) {
      const said = `${this.#request.url}: ended after ${position} of ${total ?? this.#arrived} bytes`
      return { again: new CairnError('upstream', said) }
    }
    this.#verify()
    return 'complete'
  }

  /** What came before must come again the same; what is new is kept. */
  async #accept(piece: Uint8Array, position: number): Promise<void> {
    const old = Math.min(piece.length, Math.max(0, this.#arrived - position))
    if (old > 0 && !(await this.#sink.holds(piece.subarray(0, old), position))) {
      throw this.#changed()
    }
    if (old === piece.length) return
    const end = position + piece.length
    const total = this.#head?.bytes
    if (total !== undefined && end > total) throw this.#mismatch(`goes on after ${total} bytes`)
    if (total === undefined) this.#refuseEndless(end)
    const fresh = piece.subarray(old)
    await this.#sink.append(fresh)
    this.#arrived += fresh.length
  }

  /** Servers call the compression of a .gz file an encoding; any other hides the bytes that were asked for. */
  #refuseEncoded(coding: string | null): void {
    if (coding === null || coding === 'identity' || /\.t?gz$/.test(this.#request.url)) return
    if (this.#request.expected !== undefined) return
    const said = `${this.#request.url}: sent encoded (${coding.slice(0, 20)}), which was not asked for`
    throw new CairnError('upstream', said)
  }

  #refuseEndless(bytes: number): void {
    const { mostBytes } = this.#request
    if (bytes > mostBytes) throw this.#mismatch(`is longer than ${mostBytes} bytes`)
  }

  #verify(): void {
    const { expected } = this.#request
    if (expected === undefined) return
    const actual = this.#sink.digest(algorithmOf(expected.digest))
    if (actual !== expected.digest) {
      throw this.#mismatch(`is ${actual}, the index says ${expected.digest}`)
    }
  }
}

function numberOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

async function* noBody(): AsyncGenerator<Uint8Array> {}
