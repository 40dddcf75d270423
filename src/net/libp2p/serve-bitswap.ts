import type { Libp2p, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { limits } from '../../base/limits.ts'
import { bounds } from '../bounds.ts'
import type { Block, Presence, Want } from './bitswap-message.ts'
import { sendMessage } from './bitswap-streams.ts'
import { ByteBudget } from './byte-budget.ts'

/** What peers may have of the blocks here. */
export interface BlockGiver {
  /** Those that are here and may be given. */
  among: (cids: readonly CID[]) => Promise<readonly CID[]>
  /** The bytes of one of those; undefined if it went meanwhile. Waits while too much is being sent. */
  read: (cid: CID, signal: AbortSignal) => Promise<Uint8Array | undefined>
}

/** A message is sent once its blocks have its bytes: the last may be the longest. */
const longestMessage = bounds.bitswapMessageBytes + limits.blockBytes

/**
 * Answers what peers want, at once: nothing is remembered for later. Who wants what is not to be given hears
 * that it is not here. Each peer's wants are answered one after another; past a bound they are dropped, and
 * whoever still wants something asks again.
 */
export class BitswapServer {
  readonly #node: Libp2p
  readonly #giver: BlockGiver
  readonly #end: AbortSignal
  readonly #queues = new Map<string, { wants: Want[] }>()
  readonly #sending = new ByteBudget(bounds.bitswapSendingBytes)
  #waiting = 0

  constructor(node: Libp2p, giver: BlockGiver, end: AbortSignal) {
    this.#node = node
    this.#giver = giver
    this.#end = end
  }

  take(peer: PeerId, wants: readonly Want[]): void {
    const id = peer.toString()
    const queue = this.#queues.get(id)
    const cancelled = new Set(
      wants.flatMap(({ kind, cid }) => (kind === 'cancel' ? [cid.toString()] : []))
    )
    if (queue !== undefined && cancelled.size > 0) {
      const left = queue.wants.filter(({ cid }) => !cancelled.has(cid.toString()))
      this.#waiting -= queue.wants.length - left.length
      queue.wants = left
    }
    const own = bounds.bitswapWaitingOfPeer - (queue?.wants.length ?? 0)
    const room = Math.min(own, bounds.bitswapWaiting - this.#waiting)
    const fresh = wants.filter(({ kind }) => kind !== 'cancel').slice(0, Math.max(0, room))
    this.#waiting += fresh.length
    if (queue !== undefined) queue.wants.push(...fresh)
    else if (fresh.length > 0) {
      this.#queues.set(id, { wants: fresh })
      void this.#answerAll(peer)
    }
  }

  async #answerAll(peer: PeerId): Promise<void> {
    const id = peer.toString()
    for (let queue = this.#queues.get(id); queue !== undefined && queue.wants.length > 0; ) {
      const wants = queue.wants.splice(0, bounds.bitswapTogether)
      this.#waiting -= wants.length
      try {
        await this.#answer(peer, wants)
      } catch {
        // It is gone, or does not read: what else it wanted is of no use to it.
        this.#waiting -= queue.wants.length
        break
      }
    }
    this.#queues.delete(id)
  }

  async #answer(peer: PeerId, wants: readonly Want[]): Promise<void> {
    const given = new Set((await this.#giver.among(wants.map(({ cid }) => cid))).map(String))
    for (let rest = wants; rest.length > 0; ) {
      const isLong = rest.some(({ cid, kind }) => kind === 'block' && given.has(cid.toString()))
      const giveBack = isLong ? await this.#sending.take(longestMessage, this.#end) : undefined
      try {
        rest = await this.#answerSome(peer, rest, given)
      } finally {
        giveBack?.()
      }
    }
  }

  /** One message; returns the wants that there was no room for in it. */
  async #answerSome(
    peer: PeerId,
    wants: readonly Want[],
    given: ReadonlySet<string>
  ): Promise<readonly Want[]> {
    const presences: Presence[] = []
    const blocks: Block[] = []
    let bytes = 0
    let count = 0
    for (const { cid, kind, tellAbsence } of wants) {
      if (bytes >= bounds.bitswapMessageBytes) break
      count++
      const has = given.has(cid.toString())
      const block = has && kind === 'block' ? await this.#giver.read(cid, this.#end) : undefined
      if (block !== undefined) {
        blocks.push({ cid, bytes: block })
        bytes += block.byteLength
      } else if (has && kind === 'have') presences.push({ cid, has })
      else if (tellAbsence) presences.push({ cid, has: false })
    }
    if (blocks.length + presences.length > 0) await this.#send(peer, { blocks, presences })
    return wants.slice(count)
  }

  #send(peer: PeerId, message: Parameters<typeof sendMessage>[2]): Promise<void> {
    return sendMessage(this.#node, peer, message, this.#end)
  }
}
