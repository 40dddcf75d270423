import { CairnError, toCairnError } from '../base/errors.ts'
import type { PeerAnswer, PeerRequest } from './api.ts'
import { bounds } from './bounds.ts'
import { readBody, readHead } from './http-response.ts'
import type { SocketReader } from './socket-reader.ts'
import { watched } from './watched.ts'

/** Begins a connection. Undefined where none is to be had; it throws nothing. */
export type ConnectBulk = () => Promise<SocketReader | undefined>

/**
 * HTTP/1.1 for long bodies: their pieces lie in memory that is used again, valid until the next is asked for.
 * What node:http takes for 256 MiB, above all for memory, this does in a third of the time.
 */
export class BulkClient {
  readonly #id: string
  readonly #host: string
  /** Each ends after a while. */
  readonly #idle = new Map<SocketReader, NodeJS.Timeout>()
  readonly #busy = new Set<SocketReader>()
  readonly #connect: ConnectBulk
  #connecting = 0
  #closed = false

  /** `host`: as the header of that name says it. */
  constructor(id: string, host: string, connect: ConnectBulk) {
    this.#id = id
    this.#host = host
    this.#connect = connect
  }

  /** False while as many are asked as one peer may be. */
  get isFree(): boolean {
    return this.#busy.size + this.#connecting < bounds.connections
  }

  /** Asks on a connection that was used before, or a new one; undefined if none is to be had now. Throws as `Peer.request`. */
  async request(path: string, options: PeerRequest): Promise<PeerAnswer | undefined> {
    if (options.signal.aborted) throw this.#notNeeded()
    const known = this.#takeIdle()
    if (known !== undefined) {
      const { received } = known
      const answer = await this.#ask(known, path, options).catch((cause: unknown) => {
        // It may have been closed while nobody used it; asked for is nothing that changes anything.
        if (known.received > received || toCairnError(cause).code !== 'upstream') throw cause
      })
      if (answer !== undefined) return answer
    }
    const fresh = await this.#connected(options.bulk === 'long' ? bounds.bulkWaitMs : 0)
    if (options.signal.aborted) {
      if (fresh !== undefined) this.#rest(fresh)
      throw this.#notNeeded()
    }
    return fresh === undefined ? undefined : await this.#ask(fresh, path, options)
  }

  close(): void {
    this.#closed = true
    for (const reader of [...this.#idle.keys(), ...this.#busy]) reader.destroy(this.#notNeeded())
  }

  /** One that is there soon; one that comes later waits for who asks next. */
  async #connected(waitMs: number): Promise<SocketReader | undefined> {
    this.#connecting++
    const connecting = this.#connect().finally(() => this.#connecting--)
    const { promise: late, resolve } = Promise.withResolvers<'late'>()
    const timer = setTimeout(() => resolve('late'), waitMs)
    const reader = await Promise.race([connecting, late]).finally(() => clearTimeout(timer))
    if (reader !== 'late') return reader
    void connecting.then(made => made !== undefined && this.#rest(made))
    return undefined
  }

  async #ask(
    reader: SocketReader,
    path: string,
    { method, headers = {}, body, signal }: PeerRequest
  ): Promise<PeerAnswer> {
    this.#busy.add(reader)
    const stop = () => reader.destroy(this.#notNeeded())
    signal.addEventListener('abort', stop, { once: true })
    const leave = (isWhole: boolean) => {
      signal.removeEventListener('abort', stop)
      this.#leave(reader, isWhole)
    }
    const why = `${this.#id} did not answer for ${bounds.headMs} ms`
    const late = setTimeout(() => reader.destroy(new CairnError('timeout', why)), bounds.headMs)
    try {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
      reader.socket.write(
        `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n${lines.join('')}\r\n`
      )
      if (body !== undefined) reader.socket.write(body)
      const head = await readHead(reader)
      const { status } = head
      const stays = head.headers.get('connection')?.toLowerCase() !== 'close'
      const pieces = this.#piecesOf(reader, readBody(reader, head), whole => leave(whole && stays))
      return { status, header: name => head.headers.get(name), body: pieces }
    } catch (cause) {
      leave(false)
      throw this.#asUpstream(cause)
    } finally {
      clearTimeout(late)
    }
  }

  /** One that is let go before anybody began it ends its connection too. */
  #piecesOf(
    reader: SocketReader,
    pieces: AsyncGenerator<Uint8Array>,
    leave: (isWhole: boolean) => void
  ): AsyncIterableIterator<Uint8Array> {
    const body = watched(this.#id, pieces, why => reader.destroy(why))
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      next: async () => {
        try {
          const next = await body.next()
          if (next.done === true) leave(true)
          return next
        } catch (cause) {
          leave(false)
          throw this.#asUpstream(cause)
        }
      },
      return: async () => {
        leave(false)
        return await body.return(undefined)
      }
    }
  }

  /** Back to those that can be asked again, for a while; or it ends. */
  #leave(reader: SocketReader, isWhole: boolean): void {
    if (!this.#busy.delete(reader)) return
    if (isWhole) this.#rest(reader)
    else reader.destroy(this.#notNeeded())
  }

  #rest(reader: SocketReader): void {
    if (this.#closed || reader.isUseless) {
      reader.destroy(this.#notNeeded())
      return
    }
    const end = () => {
      this.#idle.delete(reader)
      reader.destroy(this.#notNeeded())
    }
    this.#idle.set(reader, setTimeout(end, bounds.bulkIdleMs).unref())
  }

  /** One that was not ended meanwhile. */
  #takeIdle(): SocketReader | undefined {
    for (const [reader, timer] of this.#idle) {
      clearTimeout(timer)
      this.#idle.delete(reader)
      if (!reader.isUseless) return reader
      reader.destroy(this.#notNeeded())
    }
    return undefined
  }

  #notNeeded(): CairnError {
    return new CairnError('aborted', `${this.#id} is not needed`)
  }

  #asUpstream(cause: unknown): CairnError {
    const error = toCairnError(cause)
    if (error.code === 'timeout' || error.code === 'aborted') return error
    return new CairnError('upstream', `${this.#id}: ${error.message}`, { cause })
  }
}
