import { CairnError } from './errors.ts'

/** So many bytes, over all streams that share it: what somebody else made may be any length. */
export class ByteBudget {
  readonly mostBytes: number
  readonly #what: string
  #bytes = 0

  /** `what` is too long, in the message of the error: `a packument`. */
  constructor(mostBytes: number, what: string) {
    this.mostBytes = mostBytes
    this.#what = what
  }

  /** Throws `file-too-large` once there are more. */
  take(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.mostBytes) {
      throw new CairnError('file-too-large', `${this.#what} has more than ${this.mostBytes} bytes`)
    }
  }

  /** The stream, its pieces as they are. Throws as `take`, and the signal's reason. */
  async *pass(stream: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const piece of stream) {
      signal?.throwIfAborted()
      this.take(piece.length)
      yield piece
    }
  }
}
