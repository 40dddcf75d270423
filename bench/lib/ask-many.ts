import { connect, type Socket } from 'node:net'

/** What is asked of a server, of each path in turn. */
export interface Asking {
  readonly port: number
  readonly paths: readonly string[]
  readonly connections: number
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * GETs each path on connections that are kept, and throws the bodies away. node:http's own client takes longer for
 * an answer than the faster servers do: it would be what is measured. Throws unless every answer is 200 and as
 * long as its Content-Length.
 */
export async function askMany({ port, paths, connections, headers = {} }: Asking): Promise<void> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  let next = 0
  const client = async (): Promise<void> => {
    const asker = new Asker(port, `host: 127.0.0.1:${port}\r\n${lines.join('')}`)
    try {
      while (next < paths.length) await asker.ask(paths[next++]!)
    } finally {
      asker.end()
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
}

/** One connection. */
class Asker {
  readonly #socket: Socket
  readonly #headers: string
  #head = ''
  /** Bytes of the body still to come; undefined while its head comes. */
  #left: number | undefined
  #answered: PromiseWithResolvers<void> | undefined

  constructor(port: number, headers: string) {
    this.#headers = headers
    const buffer = Buffer.alloc(256 * 1024)
    const callback = (bytes: number): boolean => {
      this.#take(buffer.subarray(0, bytes))
      return true
    }
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer, callback } })
    this.#socket.on('error', error => this.#answered?.reject(error))
    this.#socket.on('close', () => this.#answered?.reject(new Error('the server hung up')))
  }

  ask(path: string): Promise<void> {
    this.#head = ''
    this.#left = undefined
    this.#answered = Promise.withResolvers<void>()
    this.#socket.write(`GET ${path} HTTP/1.1\r\n${this.#headers}\r\n`)
    return this.#answered.promise
  }

  #take(bytes: Buffer): void {
    if (this.#left !== undefined) {
      this.#count(bytes.length)
      return
    }
    this.#head += bytes.toString('latin1')
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    const [, length] = /^content-length: *(\d+)/im.exec(this.#head.slice(0, end)) ?? []
    if (!this.#head.startsWith('HTTP/1.1 200 ') || length === undefined) {
      this.#answered?.reject(new Error(`answered ${this.#head.slice(0, end)}`))
      return
    }
    this.#left = Number(length)
    this.#count(this.#head.length - end - 4)
  }

  #count(bytes: number): void {
    this.#left = (this.#left ?? 0) - bytes
    if (this.#left === 0) this.#answered?.resolve()
    if (this.#left < 0) this.#answered?.reject(new Error('an answer is longer than it says'))
  }

  end(): void {
    this.#answered = undefined
    this.#socket.destroy()
  }
}
