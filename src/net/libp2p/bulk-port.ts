import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { bounds } from '../bounds.ts'
import { type BulkOffer, bulkTls } from './bulk-offer.ts'
import type { Sort } from './shared-listener.ts'

export interface BulkPortOptions {
  /** Whether who comes from an address may be spoken with. */
  readonly mayCome: (address: string) => boolean
  readonly isBanned: (peer: string) => boolean
  /** An offer was taken: its `remoteAddress` is the ID of the peer that it was made to. */
  readonly onConnection: (socket: TLSSocket) => void
}

interface Offered {
  readonly peer: string
  readonly secret: Uint8Array
  readonly timer: NodeJS.Timeout
}

interface Taken extends Offered {
  readonly socket: Socket
}

/** How a ClientHello begins; what libp2p's begin with is another byte, or with a swarm key any. */
const helloStart = Buffer.from([0x16, 3, 1])
/** Its length stands behind that. */
const recordHeadBytes = 5

/**
 * Long bodies on connections of their own, on the port of libp2p: TLS 1.3 whose pre-shared key the peer was told
 * over its authenticated connection. While an offer stands, a connection is looked at until it is known
 * not to show one; all that shows none is libp2p's, unchanged: nobody else ever speaks TLS here.
 */
export class BulkPort {
  readonly #options: BulkPortOptions
  /** It listens nowhere: connections are given to it. */
  readonly #tls = createServer({
    ...bulkTls,
    handshakeTimeout: bounds.headMs,
    pskCallback: (secure, identity) => this.#secretOf(secure, identity)
  })
  /** By identity: those that stand, and those of handshakes under way. */
  readonly #offers = new Map<string, Offered>()
  readonly #taken = new Map<string, Taken>()
  readonly #shown = new WeakMap<TLSSocket, Taken>()
  /** Looked at still, or shaking hands. */
  readonly #young = new Set<Socket>()
  /** Those that took an offer. */
  readonly #own = new Set<Socket>()

  constructor(options: BulkPortOptions) {
    this.#options = options
    this.#tls.on('tlsClientError', (_cause, secure) => secure.destroy())
    this.#tls.on('secureConnection', secure => this.#handOn(secure))
  }

  /** Undefined while as many stand as one peer may have, or all. */
  offer(peer: string): Omit<BulkOffer, 'port'> | undefined {
    const own = [...this.#offers.values()].filter(each => each.peer === peer)
    if (own.length >= bounds.connections || this.#offers.size >= bounds.bulkOffers) return undefined
    const identity = randomBytes(16).toString('hex')
    const secret = randomBytes(32)
    const timer = setTimeout(() => this.#offers.delete(identity), bounds.headMs).unref()
    this.#offers.set(identity, { peer, secret, timer })
    return { identity, secret }
  }

  readonly sort: Sort = (socket, toLibp2p) => {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '')
    const beside = [...this.#young].filter(each => each.remoteAddress === socket.remoteAddress)
    const isCrowded = beside.length >= bounds.bulkYoungOfOne || this.#young.size >= bounds.bulkYoung
    if (this.#offers.size === 0 || isCrowded || !this.#options.mayCome(address)) toLibp2p(socket)
    else this.#lookAt(socket, toLibp2p)
  }

  /** Ends all but what is libp2p's. */
  close(): void {
    for (const { timer } of this.#offers.values()) clearTimeout(timer)
    this.#offers.clear()
    for (const socket of [...this.#young, ...this.#own]) socket.destroy()
  }

  #lookAt(socket: Socket, toLibp2p: (socket: Socket) => void): void {
    const pieces: Buffer[] = []
    const decide = (identity: string | undefined) => {
      this.#young.delete(socket)
      clearTimeout(timer)
      socket.off('readable', look).off('close', leave).off('error', leave)
      if (pieces.length > 0) socket.unshift(Buffer.concat(pieces))
      if (identity === undefined) toLibp2p(socket)
      else this.#shakeHands(socket, identity)
    }
    const look = () => {
      const piece: Buffer | null = socket.read()
      if (piece === null) return
      pieces.push(piece)
      const begun = Buffer.concat(pieces)
      if (!mayBeHello(begun)) decide(undefined)
      else if (isWhole(begun)) decide(this.#identityIn(begun))
    }
    const leave = () => {
      this.#young.delete(socket)
      clearTimeout(timer)
      socket.destroy()
    }
    const timer = setTimeout(() => decide(undefined), bounds.headMs)
    this.#young.add(socket)
    socket.on('readable', look).once('close', leave).once('error', leave)
  }

  #identityIn(hello: Buffer): string | undefined {
    for (const identity of this.#offers.keys()) {
      if (hello.includes(identity, 0, 'latin1')) return identity
    }
    return undefined
  }

  /** Nobody gets that offer again, whatever comes of this. */
  #shakeHands(socket: Socket, identity: string): void {
    const offered = this.#offers.get(identity)
    if (offered === undefined) return
    clearTimeout(offered.timer)
    this.#offers.delete(identity)
    this.#taken.set(identity, { ...offered, socket })
    this.#young.add(socket)
    this.#own.add(socket)
    socket.once('close', () => {
      this.#taken.delete(identity)
      this.#young.delete(socket)
      this.#own.delete(socket)
    })
    this.#tls.emit('connection', socket)
  }

  #secretOf(secure: TLSSocket, identity: string): Uint8Array | null {
    const taken = this.#taken.get(identity)
    if (taken === undefined || this.#options.isBanned(taken.peer)) return null
    this.#taken.delete(identity)
    this.#shown.set(secure, taken)
    return taken.secret
  }

  /** Shares, bans and bounds are the peer's, by whatever way it comes. */
  #handOn(secure: TLSSocket): void {
    const taken = this.#shown.get(secure)
    if (taken === undefined) return void secure.destroy()
    this.#young.delete(taken.socket)
    Object.defineProperty(secure, 'remoteAddress', { value: taken.peer })
    this.#options.onConnection(secure)
  }
}

function mayBeHello(begun: Buffer): boolean {
  const length = Math.min(begun.byteLength, helloStart.byteLength)
  return begun.subarray(0, length).equals(helloStart.subarray(0, length))
}

/** Whether a record's head is followed by all of it, or by more than one that we know would have. */
function isWhole(begun: Buffer): boolean {
  if (begun.byteLength < recordHeadBytes) return false
  const bytes = recordHeadBytes + begun.readUInt16BE(helloStart.byteLength)
  return begun.byteLength >= Math.min(bytes, bounds.bulkHelloBytes)
}
