import type { Clock } from '../base/clock.ts'
import { type CairnError, toCairnError } from '../base/errors.ts'
import type { Peer, PeerAnswer, PeerRequest, PeerState } from './api.ts'
import { bounds } from './bounds.ts'
import { openHttpPeer } from './http-peer.ts'
import { isLanAddress } from './lan-address.ts'
import { hostOf, type PeerBook } from './peer-book.ts'

export interface PeersOptions {
  readonly book: PeerBook
  readonly clock: Clock
  /** `lan`: peers at other addresses are not asked. */
  readonly network: 'lan' | 'public'
  /** Below a swarm key: nobody is asked over plain HTTP, where no key is shown. */
  readonly onlyLibp2p?: boolean
}

type OwnPeer = Peer & { close: () => void }

interface Standing {
  answeredMs: number | undefined
  bytes: number
  /** Bodies in a row that ended early. */
  broken: number
  /** After a failure nobody waits for it for a while; unlike a ban this is forgotten at the next start. */
  restsUntilMs: number
}

/** Who may be asked now, and how they did. */
export class Peers {
  readonly #options: PeersOptions
  readonly #static = new Map<string, OwnPeer>()
  readonly #discovered = new Map<string, OwnPeer>()
  readonly #standings = new Map<string, Standing>()
  #dial: ((multiaddr: string) => OwnPeer) | undefined
  #closed = false

  constructor(options: PeersOptions) {
    this.#options = options
  }

  /** From now on peers that were added by a multiaddr can be asked. */
  useLibp2p(dial: (multiaddr: string) => OwnPeer): void {
    this.#dial = dial
  }

  /** Those to be asked, who did best first; all of them who can be reached with `most` without end. */
  askable(without: ReadonlySet<string> = new Set(), most: number = bounds.askedTogether): Peer[] {
    const nowMs = this.#options.clock.nowMs()
    const able = this.#all().filter(
      ({ id }) =>
        !without.has(id) &&
        this.#standing(id).restsUntilMs <= nowMs &&
        this.#options.book.banOf(id) === undefined
    )
    const last = ({ id }: Peer) => this.#standing(id).answeredMs ?? 0
    return able.toSorted((a, b) => last(b) - last(a)).slice(0, most)
  }

  /** Whether somebody is left alone for the moment who may be asked soon. */
  rests(): boolean {
    const nowMs = this.#options.clock.nowMs()
    const { book } = this.#options
    return this.#all().some(
      ({ id }) => this.#standing(id).restsUntilMs > nowMs && book.banOf(id) === undefined
    )
  }

  /** Whether one of them answered lately. */
  warm(): boolean {
    const sinceMs = this.#options.clock.nowMs() - bounds.warmMs
    return this.askable().some(({ id }) => (this.#standing(id).answeredMs ?? 0) >= sinceMs)
  }

  /** Asks, and remembers how it went. Throws as `Peer.request`. */
  async request(peer: Peer, path: string, options: PeerRequest): Promise<PeerAnswer> {
    try {
      const answer = await peer.request(path, options)
      this.#standing(peer.id).answeredMs = this.#options.clock.nowMs()
      return answer
    } catch (cause) {
      if (toCairnError(cause).code !== 'aborted') this.rest(peer.id)
      throw cause
    }
  }

  /** A body of it did not come to its end. One that breaks off may be tried again, streams do that at times; one that stalls not soon. */
  failed(id: string, { code }: CairnError): void {
    if (code === 'aborted') return
    if (code === 'timeout' || ++this.#standing(id).broken >= bounds.breaks) this.rest(id)
  }

  rest(id: string): void {
    this.#standing(id).broken = 0
    this.#standing(id).restsUntilMs = this.#options.clock.nowMs() + bounds.failedMs
  }

  /** It sent what it was not asked for. */
  blame(id: string): void {
    const untilMs = this.#options.clock.nowMs() + bounds.liedMs
    this.#options.book.ban(id, { untilMs, why: 'lied' })
  }

  /** So many bytes of it were right. */
  credit(id: string, bytes: number): void {
    this.#standing(id).bytes += bytes
    this.#standing(id).broken = 0
  }

  /** One who was found. Of too many one gives way who was asked and never answered; without such the newest is left out. */
  discover(peer: OwnPeer): void {
    const known = this.#discovered.has(peer.id)
    if (!known && this.#discovered.size >= bounds.discovered) this.#forgetSilent()
    if (this.#closed || known || this.#discovered.size >= bounds.discovered) peer.close()
    else this.#discovered.set(peer.id, peer)
  }

  /** Anybody on the LAN can announce peers that are not there: they must not keep out those that are. */
  #forgetSilent(): void {
    for (const [id, peer] of this.#discovered) {
      const { answeredMs, restsUntilMs } = this.#standing(id)
      if (answeredMs !== undefined || restsUntilMs === 0) continue
      peer.close()
      this.#discovered.delete(id)
      this.#standings.delete(id)
      return
    }
  }

  list(): PeerState[] {
    const all = this.#all()
    const added = new Set([...this.#static.values()].map(({ id }) => id))
    return all.map(({ id, kind }) => {
      const { answeredMs, bytes } = this.#standing(id)
      const from = added.has(id) ? ('static' as const) : ('lan' as const)
      return { id, kind, from, answeredMs, banned: this.#options.book.banOf(id), bytes }
    })
  }

  close(): void {
    this.#closed = true
    for (const peer of [...this.#static.values(), ...this.#discovered.values()]) peer.close()
  }

  /** The list may have changed by another process. */
  #all(): OwnPeer[] {
    const addresses = new Set(this.#options.book.list().filter(each => this.#mayAsk(each)))
    for (const [address, peer] of this.#static) {
      if (addresses.has(address)) continue
      peer.close()
      this.#static.delete(address)
    }
    for (const address of addresses) {
      if (this.#static.has(address)) continue
      const peer = this.#open(address)
      if (peer !== undefined) this.#static.set(address, peer)
    }
    const added = [...this.#static.values()]
    const ids = new Set(added.map(({ id }) => id))
    return [...added, ...[...this.#discovered.values()].filter(({ id }) => !ids.has(id))]
  }

  #mayAsk(address: string): boolean {
    const { network, onlyLibp2p = false } = this.#options
    if (onlyLibp2p && !address.startsWith('/')) return false
    return network === 'public' || isLanAddress(hostOf(address))
  }

  /** Undefined for a peer of libp2p while that is not there. */
  #open(address: string): OwnPeer | undefined {
    if (address.startsWith('/')) return this.#dial?.(address)
    const port = Number(address.slice(address.lastIndexOf(':') + 1))
    return openHttpPeer(address, 'http', { host: hostOf(address), port })
  }

  #standing(id: string): Standing {
    const known = this.#standings.get(id)
    if (known !== undefined) return known
    const standing: Standing = { answeredMs: undefined, bytes: 0, broken: 0, restsUntilMs: 0 }
    this.#standings.set(id, standing)
    return standing
  }
}
