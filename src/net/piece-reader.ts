/** Takes bytes out of a stream of pieces by their number. It holds one piece and what is being taken. */
export class PieceReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  #piece: Uint8Array = new Uint8Array(0)
  #ended = false
  /** For what lies in several pieces: used again and again. */
  #joined: Uint8Array = new Uint8Array(0)

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** So many bytes, fewer only at the end of the stream; valid until the next are taken. */
  async take(count: number): Promise<Uint8Array> {
    if (this.#piece.byteLength === 0) await this.#next()
    if (this.#piece.byteLength >= count) return this.#cut(count)
    if (this.#joined.byteLength < count) this.#joined = Buffer.allocUnsafeSlow(count)
    const taken = this.#joined
    let filled = 0
    while (filled < count && !this.#ended) {
      const part = this.#cut(Math.min(count - filled, this.#piece.byteLength))
      taken.set(part, filled)
      filled += part.byteLength
      if (filled < count) await this.#next()
    }
    return taken.subarray(0, filled)
  }

  /** An unsigned varint below 2^49, undefined at the end of the stream. Throws nothing: too long a number is NaN. */
  async varint(): Promise<number | undefined> {
    let value = 0
    for (let index = 0; index < 7; index++) {
      const [byte] = await this.take(1)
      if (byte === undefined) return index === 0 ? undefined : Number.NaN
      value += (byte & 127) * 128 ** index
      if (byte < 128) return value
    }
    return Number.NaN
  }

  /** Lets the rest of the stream go. */
  async leave(): Promise<void> {
    await this.#pieces.return?.()
  }

  #cut(count: number): Uint8Array {
    const part = this.#piece.subarray(0, count)
    this.#piece = this.#piece.subarray(count)
    return part
  }

  async #next(): Promise<void> {
    if (this.#ended) return
    const next = await this.#pieces.next()
    if (next.done === true) this.#ended = true
    else this.#piece = next.value
  }
}
