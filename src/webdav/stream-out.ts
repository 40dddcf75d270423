import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { CairnError } from '../base/errors.ts'

const gatherCharacters = 32 * 1024

/** Writes an answer in pieces, no faster than the client takes them. Throws `aborted` when it is gone. */
export class StreamOut {
  readonly #response: ServerResponse
  readonly #signal: AbortSignal
  #gathered = ''

  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response
    this.#signal = signal
  }

  /** True if enough is gathered: then `flush` before going on. */
  add(text: string): boolean {
    this.#gathered += text
    return this.#gathered.length >= gatherCharacters
  }

  async flush(): Promise<void> {
    const text = this.#gathered
    this.#gathered = ''
    if (text !== '') await this.write(text)
  }

  async write(piece: string | Uint8Array): Promise<void> {
    if (this.#signal.aborted) throw gone()
    if (this.#response.write(piece)) return
    try {
      await once(this.#response, 'drain', { signal: this.#signal })
    } catch (cause) {
      throw gone(cause)
    }
  }

  async end(): Promise<void> {
    await this.flush()
    this.#response.end()
  }
}

function gone(cause?: unknown): CairnError {
  return new CairnError('aborted', 'the client is gone', { cause })
}
