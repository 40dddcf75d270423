import { limits } from '../base/limits.ts'

/** Memory that answers are read into: clients that ask for much and take little share a bound. */
export class Pieces {
  #heldBytes = 0

  /** Memory for an answer of so many bytes: the larger, the fewer are under way. Throws what `use` does. */
  async lend(bytes: number, use: (piece: Buffer) => Promise<void>): Promise<void> {
    const left = Math.floor((limits.davPiecesBytes - this.#heldBytes) / 4)
    const most = Math.min(limits.davPieceBytes, Math.max(limits.davPieceLeastBytes, left))
    const piece = Buffer.allocUnsafeSlow(Math.min(most, bytes))
    this.#heldBytes += piece.byteLength
    try {
      await use(piece)
    } finally {
      this.#heldBytes -= piece.byteLength
    }
  }
}
