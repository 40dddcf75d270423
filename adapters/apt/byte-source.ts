import { CairnError } from '../../src/base/errors.ts'

/** Takes from a stream of pieces by count: for formats made of headers and bodies of known size. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]()
  }

  /** Exactly so many bytes, a copy; undefined at the end of the source. Throws `corrupt` on an end in between. */
  async take(bytes: number): Promise<Buffer | undefined> {
    const taken = Buffer.allocUnsafe(bytes)
    let filled = 0
    while (filled < bytes) {
      if (this.#rest.length === 0 && !(await this.#refill())) {
        if (filled === 0) return undefined
        throw new CairnError('corrupt', `ends ${bytes - filled} bytes too early`)
      }
      const piece = this.#cut(bytes - filled)
      taken.set(piece, filled)
      filled += piece.length
    }
    return taken
  }

  /** The next so many bytes in pieces, each valid until the next is asked for. Throws `corrupt` on an early end. */
  async *stream(bytes: number): AsyncGenerator<Uint8Array> {
    for (let left = bytes; left > 0; ) {
      if (this.#rest.length === 0 && !(await this.#refill())) {
        throw new CairnError('corrupt', `ends ${left} bytes too early`)
      }
      const piece = this.#cut(left)
      left -= piece.length
      yield piece
    }
  }

  #cut(bytes: number): Uint8Array {
    const piece = this.#rest.subarray(0, bytes)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  async #refill(): Promise<boolean> {
    const { done, value } = await this.#pieces.next()
    if (done === true) return false
    this.#rest = value
    return true
  }

  async close(): Promise<void> {
    await this.#pieces.return?.()
  }
}
