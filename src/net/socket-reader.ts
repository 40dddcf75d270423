import type { OnReadOpts, Socket } from 'node:net'

/** What a read takes at most: it stays in the processor's cache until it is used. */
const readBytes = 256 * 1024
/** Reads that wait to be taken before no more are made. A cipher's records come a few more at a time. */
const mostWaiting = 4
/** Memory kept for the next reads. */
const mostSpare = 2

/** How a socket is opened that reads into memory of ours. */
export type OpenSocket = (onread: OnReadOpts) => Socket

interface Read {
  readonly memory: Uint8Array
  bytes: Uint8Array
}

/** Reads a socket into memory that is used again: to allocate some for every read takes longer than the reading. */
export class SocketReader {
  readonly socket: Socket
  readonly #waiting: Read[] = []
  readonly #spare: Uint8Array[] = []
  #current: Read | undefined
  #received = 0
  #ended = false
  #failure: unknown
  #wake: (() => void) | undefined

  constructor(open: OpenSocket) {
    this.socket = open({
      buffer: () => this.#spare.pop() ?? Buffer.allocUnsafeSlow(readBytes),
      callback: (count, memory) => {
        this.#received += count
        this.#waiting.push({ memory, bytes: memory.subarray(0, count) })
        this.#tell()
        return this.#waiting.length < mostWaiting
      }
    })
    this.socket.on('error', cause => this.#end(cause))
    this.socket.on('end', () => this.#end())
    this.socket.on('close', () => this.#end())
    this.socket.resume()
  }

  /** Whether it ended, by whomever, or sent what nobody asked for. */
  get isUseless(): boolean {
    return this.#ended || this.#waiting.length > 0 || this.#current !== undefined
  }

  /** Bytes so far. */
  get received(): number {
    return this.#received
  }

  /** What came and was not taken yet, one byte at least, valid until it was; undefined at the end. Throws what ended it before. */
  async peek(): Promise<Uint8Array | undefined> {
    while (this.#current === undefined) {
      this.#current = this.#waiting.shift()
      if (this.#current !== undefined) break
      if (this.#failure !== undefined) throw this.#failure
      if (this.#ended) return undefined
      if (!this.socket.connecting) this.socket.resume()
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    return this.#current.bytes
  }

  /** So many of the bytes that `peek` showed are not needed any more. */
  take(count: number): void {
    const current = this.#current
    if (current === undefined) return
    current.bytes = current.bytes.subarray(count)
    if (current.bytes.byteLength > 0) return
    this.#current = undefined
    if (this.#spare.length < mostSpare) this.#spare.push(current.memory)
  }

  /** Ends it; who waits for bytes gets the reason thrown. */
  destroy(why: Error): void {
    this.#end(why)
    this.socket.destroy()
  }

  #end(why?: unknown): void {
    this.#ended = true
    this.#failure ??= why
    this.#tell()
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
