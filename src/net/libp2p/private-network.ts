import { randomBytes } from 'node:crypto'
import type { AbortOptions, ConnectionProtector, MultiaddrConnection } from '@libp2p/interface'
import { AbstractMultiaddrConnection, byteStream } from '@libp2p/utils'
import { toCairnError } from '../../base/errors.ts'
import { XSalsa20Stream } from './xsalsa20-stream.ts'

const nonceBytes = 24

/**
 * Only who has the key can speak with this node: each side sends a nonce, and all that follows is
 * ciphered. It comes before noise, which still authenticates. Who has another key, or none, is not
 * understood. https://github.com/libp2p/specs/blob/master/pnet/Private-Networks-PSK-V1.md
 *
 * Our own, because @libp2p/pnet 3.0.27 breaks connections off: its cipher (xsalsa20 1.2) keeps all its states in one
 * WebAssembly memory, and with more than one in use each grows it again until there is no more.
 */
export function privateNetwork(key: Uint8Array): () => ConnectionProtector {
  return () => ({
    // Typed as less, but always a connection: libp2p's upgrader has nothing else to protect.
    protect: async (connection, options) =>
      await shakeHands(connection as MultiaddrConnection, key, options)
  })
}

async function shakeHands(
  connection: MultiaddrConnection,
  key: Uint8Array,
  options: AbortOptions = {}
): Promise<MultiaddrConnection> {
  const bytes = byteStream(connection)
  const ownNonce = randomBytes(nonceBytes)
  const [theirNonce] = await Promise.all([
    bytes.read({ bytes: nonceBytes, ...options }),
    bytes.write(ownNonce, options)
  ])
  return new ProtectedConnection(bytes.unwrap(), {
    inbound: new XSalsa20Stream(key, theirNonce.subarray()),
    outbound: new XSalsa20Stream(key, ownNonce)
  })
}

interface Ciphers {
  readonly inbound: XSalsa20Stream
  readonly outbound: XSalsa20Stream
}

/** A connection over another whose bytes are ciphered; its pace and its end are those of the other. */
class ProtectedConnection extends AbstractMultiaddrConnection {
  readonly #below: MultiaddrConnection
  readonly #ciphers: Ciphers

  constructor(below: MultiaddrConnection, ciphers: Ciphers) {
    const { remoteAddr, direction } = below
    super({ remoteAddr, direction, log: below.log.newScope('private') })
    this.#below = below
    this.#ciphers = ciphers
    // A message is deciphered whole before it is handed on: who takes it may make the next one come at once.
    below.addEventListener('message', ({ data }) => this.#decipher(data.subarray()))
    below.addEventListener('drain', () => this.onMuxerDrain())
    below.addEventListener('close', ({ error, local }) => {
      if (error === undefined) this.onTransportClosed()
      else if (local === true) this.abort(error)
      else this.onRemoteReset()
    })
  }

  /** After 256 GiB the cipher is used up: the connection ends, and another is made. Thrown from here it would end the process. */
  #decipher(bytes: Uint8Array): void {
    let plain: Uint8Array
    try {
      plain = this.#ciphers.inbound.update(bytes)
    } catch (cause) {
      this.abort(toCairnError(cause))
      return
    }
    this.onData(plain)
  }

  override sendData(data: Parameters<MultiaddrConnection['send']>[0]) {
    const canSendMore = this.#below.send(this.#ciphers.outbound.update(data.subarray()))
    return { sentBytes: data.byteLength, canSendMore }
  }

  override sendReset(error: Error): void {
    this.#below.abort(error)
  }

  override sendPause(): void {
    this.#below.pause()
  }

  override sendResume(): void {
    this.#below.resume()
  }

  override async sendClose(options?: AbortOptions): Promise<void> {
    await this.#below.close(options)
  }
}
