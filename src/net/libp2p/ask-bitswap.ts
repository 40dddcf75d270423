import { setTimeout as wait } from 'node:timers/promises'
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { multihashKey, sha256Multihash } from '../../base/blocks.ts'
import { CairnError } from '../../base/errors.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import { bounds } from '../bounds.ts'
import type { BitswapMessage } from './bitswap-message.ts'
import { bitswapProtocol } from './bitswap-streams.ts'
import { WantQueue } from './want-queue.ts'

/** A block that somebody waits for: from any peer, and what each said of it. */
interface Awaited {
  readonly arrived: PromiseWithResolvers<Uint8Array>
  /** By peer ID; called when that one says that it has not got it. */
  readonly refused: Map<string, () => void>
  /** What all who wait get. */
  found: Promise<Uint8Array | undefined>
  users: number
  /** Ends the asking: nobody waits any more. */
  readonly done: AbortController
}

/**
 * Asks connected peers for blocks: first who gave one last, and the next when that has not answered after a
 * while, or has not got it. Whatever arrives is looked up by its own hash; what nobody waits for is dropped.
 */
export class BitswapClient {
  readonly #node: Libp2p
  readonly #isBanned: (id: string) => boolean
  readonly #wants: WantQueue
  /** By multihash. */
  readonly #awaited = new Map<string, Awaited>()
  /** When a peer gave a block. */
  readonly #gaveMs = new Map<string, number>()

  constructor(node: Libp2p, isBanned: (id: string) => boolean, end: AbortSignal) {
    this.#node = node
    this.#isBanned = isBanned
    this.#wants = new WantQueue(node, end)
  }

  /** What a peer sent. */
  take(peer: PeerId, { blocks, presences }: BitswapMessage): void {
    for (const bytes of blocks) {
      const awaited = this.#awaited.get(multihashKey(sha256Multihash(bytes)))
      if (awaited === undefined) continue
      this.#gaveMs.set(peer.toString(), performance.now())
      awaited.arrived.resolve(Uint8Array.from(bytes))
    }
    for (const { cid, has } of presences) {
      if (has) continue
      this.#awaited.get(multihashKey(cid.multihash.bytes))?.refused.get(peer.toString())?.()
    }
  }

  /** The block's bytes, which have the hash that was asked for; undefined if no connected peer has it. */
  async fetch(cid: CID, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (cid.multihash.code !== 0x12) return undefined
    signal.throwIfAborted()
    const key = multihashKey(cid.multihash.bytes)
    const awaited = this.#awaited.get(key) ?? this.#begin(key, cid)
    awaited.users++
    try {
      return await untilAborted(awaited.found, signal)
    } finally {
      if (--awaited.users === 0) {
        awaited.done.abort()
        if (this.#awaited.get(key) === awaited) this.#awaited.delete(key)
      }
    }
  }

  #begin(key: string, cid: CID): Awaited {
    const awaited: Awaited = {
      arrived: Promise.withResolvers(),
      refused: new Map(),
      found: Promise.resolve(undefined),
      users: 0,
      done: new AbortController()
    }
    this.#awaited.set(key, awaited)
    awaited.found = this.#askAll(cid, awaited)
    return awaited
  }

  async #askAll(cid: CID, awaited: Awaited): Promise<Uint8Array | undefined> {
    const peers = await this.#speakers()
    const asked = peers.map((peer, place) => this.#askOne(awaited, { cid, peer, place }))
    try {
      return await Promise.any(asked)
    } catch {
      return undefined
    } finally {
      awaited.done.abort()
    }
  }

  /** Throws once it is known that this peer will not give it. What was asked of it and not answered is taken back. */
  async #askOne(
    awaited: Awaited,
    { cid, peer, place }: { cid: CID; peer: PeerId; place: number }
  ): Promise<Uint8Array> {
    const { signal } = awaited.done
    signal.throwIfAborted()
    if (place > 0) await wait(bounds.bitswapHedgeMs * place, undefined, { signal })
    const refusal = Promise.withResolvers<never>()
    // Told while the asking is still being written, it is seen below all the same.
    refusal.promise.catch(() => {})
    const refuse = (why: string) => refusal.reject(new CairnError('not-found', `${peer} ${why}`))
    const late = setTimeout(() => refuse('did not answer'), bounds.bitswapAnswerMs)
    const left = () => refuse('is not needed')
    signal.addEventListener('abort', left, { once: true })
    let answered = false
    awaited.refused.set(peer.toString(), () => {
      answered = true
      refuse('has not got it')
    })
    try {
      await this.#wants.send(peer, { cid, kind: 'block', tellAbsence: true })
      return await Promise.race([awaited.arrived.promise, refusal.promise])
    } finally {
      clearTimeout(late)
      signal.removeEventListener('abort', left)
      awaited.refused.delete(peer.toString())
      if (!answered) {
        this.#wants.send(peer, { cid, kind: 'cancel', tellAbsence: false }).catch(() => {})
      }
    }
  }

  /** Connected peers who said that they speak it. */
  async #speakers(): Promise<PeerId[]> {
    const peers = this.#node.getPeers().filter(peer => !this.#isBanned(peer.toString()))
    const speaks = await Promise.all(
      peers.map(async peer => {
        const known = await this.#node.peerStore.get(peer).catch(() => undefined)
        return known?.protocols.includes(bitswapProtocol) === true
      })
    )
    const gave = (peer: PeerId) => this.#gaveMs.get(peer.toString()) ?? 0
    return peers
      .filter((_, index) => speaks[index])
      .toSorted((a, b) => gave(b) - gave(a))
      .slice(0, bounds.askedTogether)
  }
}
