import { setTimeout as wait } from 'node:timers/promises'
import { algorithmOf, type Digest, digestOf } from '../base/digest.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { DigestOffer, DigestSource } from '../net/api.ts'
import type { Classification } from './adapter.ts'
import type { Expectation, FetchUpstream, Log } from './api.ts'
import { bounds } from './bounds.ts'

/** Other machines of the LAN, as the engine uses them. */
export interface PullPeers {
  readonly source: DigestSource
  /** Whether it may be told to peers that this item is wanted: of a private upstream it must not. */
  readonly mayAsk: (key: string) => boolean
}

/** How one flight gets its bytes, from peers or from its upstream. */
export interface FlightSource {
  readonly fetchUpstream: FetchUpstream
  /** What arrived was not what was expected: whoever of the peers sent of it is not asked again. */
  refuted: () => void
}

type Answer = Awaited<ReturnType<FetchUpstream>>

/**
 * Peers before the upstream, for an item whose digest is known and cannot be forged. Peers who answered
 * lately get a moment's start, others none: then both are asked and the first to begin sends. A body that
 * breaks off is gone on with by whoever has the rest. Names are never asked of peers.
 */
export function flightSource(
  { fetchUpstream, peers, log }: { fetchUpstream: FetchUpstream; peers?: PullPeers; log: Log },
  wanted: Classification,
  expected: Expectation | undefined
): FlightSource {
  const asks =
    peers !== undefined &&
    expected !== undefined &&
    /^sha(256|512):/.test(expected.digest) &&
    peers.mayAsk(wanted.key)
  if (!asks) return { fetchUpstream, refuted: () => {} }
  return new PeersFirst({ fetchUpstream, source: peers.source, log, expected, key: wanted.key })
}

interface PeersFirstOptions {
  readonly fetchUpstream: FetchUpstream
  readonly source: DigestSource
  readonly log: Log
  readonly expected: Expectation
  readonly key: string
}

class PeersFirst implements FlightSource {
  readonly #options: PeersFirstOptions
  /** Peers that could not give what they offered in this flight, and that often: twice is enough. */
  readonly #failures = new Map<string, number>()
  readonly #used: DigestOffer[] = []
  /** Who the client's head came from. */
  #begunBy: 'peer' | 'upstream' | undefined

  constructor(options: PeersFirstOptions) {
    this.#options = options
  }

  refuted(): void {
    for (const offer of this.#used) {
      this.#options.log.warn(
        { key: this.#options.key, peer: offer.peer },
        'a peer sent wrong bytes and is left alone for a while'
      )
      offer.blame()
    }
  }

  readonly fetchUpstream: FetchUpstream = async (url, options) => {
    const from = Number(/^bytes=(\d+)-$/.exec(options.headers.range ?? '')?.[1] ?? 0)
    const other = new AbortController()
    const upstreamGone = new AbortController()
    const search = this.#fromPeers(from, AbortSignal.any([options.signal, other.signal]))
    search.catch(() => {})
    const first = await this.#headStart(search, options.signal)
    if (first !== undefined) return this.#begin('peer', first)
    const signal = AbortSignal.any([options.signal, upstreamGone.signal])
    const upstream = this.#options.fetchUpstream(url, { ...options, signal })
    upstream.catch(() => {})
    const winner = await firstOf(search, upstream)
    if (winner === 'peers') {
      upstreamGone.abort(new CairnError('aborted', 'a peer was faster'))
      const found = await search
      if (found !== undefined) return this.#begin('peer', found)
    }
    other.abort(new CairnError('aborted', 'the upstream was faster'))
    return this.#begin('upstream', await upstream)
  }

  /**
   * A body that a peer began has nothing that an upstream knows a version by: it is the digest that says
   * whether the parts are of one.
   */
  #begin(by: 'peer' | 'upstream', answer: Answer): Answer {
    this.#begunBy ??= by
    if (by === 'peer' || this.#begunBy === 'upstream') return answer
    const headers = new Headers(answer.headers)
    headers.delete('etag')
    return { ...answer, headers }
  }

  /** What peers answer in their start, if they are known to be there; undefined: the upstream's turn. */
  async #headStart(
    search: Promise<Answer | undefined>,
    signal: AbortSignal
  ): Promise<Answer | undefined> {
    if (!this.#options.source.warm()) return undefined
    const over = new AbortController()
    const late = wait(bounds.peerStartMs, undefined, {
      signal: AbortSignal.any([signal, over.signal])
    }).catch(() => undefined)
    try {
      return await Promise.race([search.catch(() => undefined), late])
    } finally {
      over.abort()
    }
  }

  /** An answer like an upstream's, once its first bytes are there; undefined if no peer has it. */
  async #fromPeers(from: number, signal: AbortSignal): Promise<Answer | undefined> {
    const { source, expected } = this.#options
    for (;;) {
      const offer = await source.find(expected.digest, {
        bytes: expected.bytes,
        without: this.#useless(),
        from,
        signal
      })
      if (offer === undefined || offer.bytes > bounds.flightBytes) return undefined
      try {
        return await this.#take(offer, from, signal)
      } catch (cause) {
        signal.throwIfAborted()
        this.#failed(offer)
        this.#note(offer, cause)
      }
    }
  }

  async #take(offer: DigestOffer, from: number, signal: AbortSignal): Promise<Answer> {
    const { expected } = this.#options
    const body = await offer.open(from, signal)
    if (from === 0 && offer.bytes <= bounds.peerWholeBytes) {
      const whole = await gather(body)
      if (!isRight(whole, expected.digest)) {
        offer.blame()
        throw new CairnError('mismatch', `${offer.peer} sent other bytes than it was asked for`)
      }
      return answerOf(offer, 0, once(whole))
    }
    this.#used.push(offer)
    return answerOf(offer, from, this.#watched(offer, body))
  }

  async *#watched(offer: DigestOffer, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body
    } catch (cause) {
      this.#failed(offer)
      // What a peer did is no answer of the upstream's, which would be final: another goes on.
      throw new CairnError('timeout', toCairnError(cause).message, { cause })
    }
  }

  #failed({ peer }: DigestOffer): void {
    this.#failures.set(peer, (this.#failures.get(peer) ?? 0) + 1)
  }

  #useless(): ReadonlySet<string> {
    return new Set([...this.#failures].filter(([, count]) => count > 1).map(([peer]) => peer))
  }

  #note({ peer }: DigestOffer, cause: unknown): void {
    const { key, log } = this.#options
    log.info({ key, peer, why: toCairnError(cause).message }, 'a peer could not give what it has')
  }
}

/** Who is first to have something to send; the upstream if peers have nothing, peers if it fails. */
async function firstOf(
  search: Promise<Answer | undefined>,
  upstream: Promise<Answer>
): Promise<'peers' | 'upstream'> {
  const peers = search.then(found => {
    if (found === undefined) throw new CairnError('not-found', 'no peer has it')
    return 'peers' as const
  })
  const origin = upstream.then(({ status }) => {
    if (status >= 400) throw new CairnError('upstream', `the upstream answered ${status}`)
    return 'upstream' as const
  })
  try {
    return await Promise.any([peers, origin])
  } catch {
    return 'upstream'
  }
}

function answerOf({ bytes }: DigestOffer, from: number, body: AsyncIterable<Uint8Array>): Answer {
  const headers = new Headers({ 'content-length': String(bytes - from) })
  if (from === 0) return { status: 200, headers, body }
  headers.set('content-range', `bytes ${from}-${bytes - 1}/${bytes}`)
  return { status: 206, headers, body }
}

function isRight(bytes: Uint8Array, digest: Digest): boolean {
  return digestOf(algorithmOf(digest), bytes) === digest
}

async function gather(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
