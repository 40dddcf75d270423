import { limits } from '../base/limits.ts'

/**
 * Who is being sent bodies. While there is room everybody has what he asks for; once half of it is
 * taken, who has his part already leaves the rest to the others.
 */
export class Transfers {
  readonly #byPeer = new Map<string, number>()
  #count = 0

  /** What is returned is called once, when the body was sent; undefined: not now. */
  begin(peer: string): (() => void) | undefined {
    const own = this.#byPeer.get(peer) ?? 0
    const isScarce = this.#count >= limits.peerTransfers / 2
    if (this.#count >= limits.peerTransfers) return undefined
    if (isScarce && own >= limits.peerTransfersOfOne) return undefined
    this.#count++
    this.#byPeer.set(peer, own + 1)
    return () => {
      this.#count--
      const left = (this.#byPeer.get(peer) ?? 1) - 1
      if (left === 0) this.#byPeer.delete(peer)
      else this.#byPeer.set(peer, left)
    }
  }
}
