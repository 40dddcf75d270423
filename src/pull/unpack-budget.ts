import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'

/** What an archive may become: https://en.wikipedia.org/wiki/Zip_bomb Each throws `file-too-large`. */
export class UnpackBudget {
  readonly #mostBytes: number
  #bytes = 0
  #entries = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  entry(): void {
    this.#entries++
    if (this.#entries > limits.unpackedEntries) {
      throw new CairnError('file-too-large', `it has more than ${limits.unpackedEntries} entries`)
    }
  }

  take(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes > this.#mostBytes) {
      throw new CairnError('file-too-large', `it unpacks to more than ${this.#mostBytes} bytes`)
    }
  }
}
