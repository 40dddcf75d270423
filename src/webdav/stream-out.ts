import { once } from 'node:events'
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Writable } from 'node:stream'
import { constants, createGzip } from 'node:zlib'
import { CairnError } from '../base/errors.ts'
import { takesGzip } from '../base/takes-gzip.ts'
import type { Exchange } from './api.ts'

const gatherCharacters = 32 * 1024

/** On this machine packing costs more than it saves. */
const isHere = /^(::ffff:)?127\.|^::1$/

/** Whether packing pays: for a client of another machine that takes it. */
export function isPacked({ headers, socket }: IncomingMessage): boolean {
  return takesGzip(headers) && !isHere.test(socket.remoteAddress ?? '')
}

/** Begins an answer that is made piece by piece, packed where it pays. */
export function streamOut(
  { request, response, signal }: Exchange,
  status: number,
  headers: OutgoingHttpHeaders
): StreamOut {
  const packed = isPacked(request)
  const coding = packed ? { 'content-encoding': 'gzip' } : {}
  response.writeHead(status, { ...headers, vary: 'accept-encoding', ...coding })
  if (!packed) return new StreamOut(response, signal)
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  signal.addEventListener('abort', () => gzip.destroy(), { once: true })
  gzip.pipe(response)
  return new StreamOut(gzip, signal)
}

/** Writes an answer in pieces, no faster than the client takes them. Throws `aborted` when it is gone. */
export class StreamOut {
  readonly #to: Writable
  readonly #signal: AbortSignal
  #gathered = ''

  constructor(to: Writable, signal: AbortSignal) {
    this.#to = to
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
    if (this.#to.write(piece)) return
    try {
      await once(this.#to, 'drain', { signal: this.#signal })
    } catch (cause) {
      throw gone(cause)
    }
  }

  async end(): Promise<void> {
    await this.flush()
    this.#to.end()
  }
}

function gone(cause?: unknown): CairnError {
  return new CairnError('aborted', 'the client is gone', { cause })
}
