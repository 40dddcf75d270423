import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Want } from './bitswap-message.ts'
import { sendMessage } from './bitswap-streams.ts'

interface Batch {
  readonly wants: Want[]
  readonly sent: PromiseWithResolvers<void>
}

/** Wants in one message. */
const together = 256

/** Sends wants, to each peer one message after another: what is wanted while one is under way goes together in the next. */
export class WantQueue {
  readonly #node: Libp2p
  readonly #end: AbortSignal
  readonly #waiting = new Map<string, Batch[]>()

  constructor(node: Libp2p, end: AbortSignal) {
    this.#node = node
    this.#end = end
  }

  /** Resolves when it was sent. Rejects with what kept it from being sent. */
  send(peer: PeerId, want: Want): Promise<void> {
    const id = peer.toString()
    const known = this.#waiting.get(id)
    const batches = known ?? []
    const last = batches.at(-1)
    const isOpen = last !== undefined && last.wants.length < together
    const batch = isOpen ? last : { wants: [], sent: Promise.withResolvers<void>() }
    batch.wants.push(want)
    if (!isOpen) batches.push(batch)
    if (known === undefined) {
      this.#waiting.set(id, batches)
      void this.#sendAll(peer, batches)
    }
    return batch.sent.promise
  }

  async #sendAll(peer: PeerId, batches: Batch[]): Promise<void> {
    // What else is wanted in this turn goes along.
    await Promise.resolve()
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      await sendMessage(this.#node, peer, { wants: batch.wants }, this.#end).then(
        batch.sent.resolve,
        batch.sent.reject
      )
    }
    this.#waiting.delete(peer.toString())
  }
}
