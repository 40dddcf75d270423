import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'

/** What one client may cost; tests set smaller ones. */
export interface ConnectionLimits {
  /** Open connections at all, and those that have no request in progress. */
  readonly connections: number
  readonly waiting: number
  /** Open connections from one address; undefined: as many as there may be. */
  readonly ofOne?: number
  /** Requests of one connection that are worked on at a time. */
  readonly together: number
  /** A connection in progress on which the client neither sends nor takes a byte is cut after this. */
  readonly stallMs: number
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Requests whose methods only read may be worked on side by side: https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2 */
const safeMethods: ReadonlySet<string | undefined> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
  'REPORT'
])

/**
 * Keeps a client from costing the others theirs: idle connections give way to new ones, oldest
 * first; a body that stops coming, or an answer that nobody takes, ends its connection; requests
 * that are sent ahead (pipelined) take turns, and the connection is not read while many wait.
 */
export class Connections {
  readonly #limits: ConnectionLimits
  readonly #turns = new WeakMap<Socket, Turns>()
  /** Without a request in progress, the longest so first. */
  readonly #waiting = new Set<Socket>()
  readonly #byAddress = new Map<string, number>()
  #ending = false

  constructor(server: Server | TlsServer, limits: ConnectionLimits) {
    this.#limits = limits
    server.maxConnections = limits.connections
    server.setTimeout(limits.stallMs)
    const opened = server instanceof TlsServer ? 'secureConnection' : 'connection'
    server.on(opened, (socket: Socket) => this.#open(socket))
    server.on('timeout', socket => this.#look(socket))
  }

  /** True once it is this request's turn; false if its connection ended before. Each turn is given back by `leave`. */
  async enter(exchange: Exchange): Promise<boolean> {
    const { socket } = exchange.request
    this.#waiting.delete(socket)
    let turns = this.#turns.get(socket)
    if (turns === undefined) {
      turns = new Turns(socket, this.#limits.together)
      this.#turns.set(socket, turns)
    }
    return await turns.take(exchange)
  }

  leave(exchange: Exchange): void {
    const { request, response } = exchange
    const turns = this.#turns.get(request.socket)
    turns?.giveBack(exchange)
    const rest = () => {
      if (turns?.isEmpty === true && !request.socket.destroyed) this.#rest(request.socket)
    }
    // An answer may be under way still when its door is done with it.
    if (response.writableFinished || response.destroyed) rest()
    else response.once('close', rest)
  }

  /**
   * Ends what has no request in progress, a connection that never had one too (clients open some
   * ahead, and node:http waits for those), and each of the others with its answer.
   */
  end(): void {
    this.#ending = true
    for (const socket of this.#waiting) socket.destroy()
  }

  #open(socket: Socket): void {
    this.#count(socket)
    socket.once('close', () => {
      this.#waiting.delete(socket)
      this.#turns.get(socket)?.end()
    })
    this.#wait(socket)
  }

  #count(socket: Socket): void {
    const { remoteAddress } = socket
    const { ofOne } = this.#limits
    if (ofOne === undefined || remoteAddress === undefined) return
    const open = (this.#byAddress.get(remoteAddress) ?? 0) + 1
    this.#byAddress.set(remoteAddress, open)
    if (open > ofOne) socket.destroy()
    socket.once('close', () => {
      const left = (this.#byAddress.get(remoteAddress) ?? 1) - 1
      if (left === 0) this.#byAddress.delete(remoteAddress)
      else this.#byAddress.set(remoteAddress, left)
    })
  }

  #rest(socket: Socket): void {
    if (this.#ending) socket.destroySoon()
    else this.#wait(socket)
  }

  #wait(socket: Socket): void {
    this.#waiting.add(socket)
    if (this.#waiting.size <= this.#limits.waiting) return
    const [longest] = this.#waiting
    longest?.destroy()
  }

  /** Nothing was sent or taken for long: the client's fault, or ours because the work takes so long. */
  #look(socket: Socket): void {
    const turns = this.#turns.get(socket)
    if (turns === undefined || turns.isEmpty) {
      socket.destroy()
      return
    }
    const stalled = turns.stalled()
    if (stalled === undefined && socket.writableLength === 0) {
      socket.setTimeout(this.#limits.stallMs)
      return
    }
    if (stalled === undefined || stalled.response.headersSent) socket.destroy()
    else {
      stalled.response.writeHead(408, { connection: 'close', 'content-length': 0 }).end()
      socket.destroySoon()
    }
  }
}

/** The requests of one connection. */
class Turns {
  readonly #socket: Socket
  readonly #together: number
  readonly #running = new Set<Exchange>()
  readonly #queue: Array<{ readonly exchange: Exchange; readonly begin: (so: boolean) => void }> =
    []
  #paused = false
  #scheduled = false
  #ended = false

  constructor(socket: Socket, together: number) {
    this.#socket = socket
    this.#together = together
    // node:http resumes by itself after each request, whatever others paused.
    socket.on('resume', () => {
      if (this.#paused) socket.pause()
    })
  }

  get isEmpty(): boolean {
    return this.#running.size === 0 && this.#queue.length === 0
  }

  take(exchange: Exchange): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false)
    return new Promise(begin => {
      this.#queue.push({ exchange, begin })
      this.#beginNext()
      if (this.#queue.length > this.#together) this.#pause()
    })
  }

  giveBack(exchange: Exchange): void {
    this.#running.delete(exchange)
    if (this.#queue.length > 0) this.#beginSoon()
    else this.#readOn()
  }

  /** In a turn of the loop to come, so that those on other connections have theirs between. */
  #beginSoon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#beginNext()
      if (this.#queue.length === 0) this.#readOn()
    })
  }

  #readOn(): void {
    if (this.#paused && !this.#ended) {
      this.#paused = false
      this.#socket.resume()
    }
  }

  #pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  /** The one whose body does not come. Of an exchange before it nothing can be said: its answer goes first. */
  stalled(): Exchange | undefined {
    const [first, second] = this.#running
    if (first === undefined || second !== undefined || first.request.complete) return undefined
    return first.request.readableLength === 0 ? first : undefined
  }

  end(): void {
    this.#ended = true
    for (const { begin } of this.#queue.splice(0)) begin(false)
  }

  #beginNext(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (!this.#mayRun(next.exchange)) return
      this.#queue.shift()
      this.#running.add(next.exchange)
      next.begin(true)
    }
  }

  #mayRun({ request }: Exchange): boolean {
    const [running] = this.#running
    if (running === undefined) return true
    const reading = safeMethods.has(request.method) && safeMethods.has(running.request.method)
    return reading && this.#running.size < this.#together
  }
}
