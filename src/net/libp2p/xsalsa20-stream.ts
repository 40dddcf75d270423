import { xsalsa20 } from '@noble/ciphers/salsa.js'

const blockBytes = 64

/**
 * XSalsa20 over bytes that come in pieces of any length; the same for both directions. Good for 256 GiB,
 * then it throws. https://cr.yp.to/snuffle/xsalsa-20110204.pdf
 */
export class XSalsa20Stream {
  readonly #key: Uint8Array
  readonly #nonce: Uint8Array
  /** Where the stream stands: whole blocks, and bytes of the one begun. */
  #blocks = 0
  #begun = 0

  constructor(key: Uint8Array, nonce: Uint8Array) {
    this.#key = key
    this.#nonce = nonce
  }

  update(piece: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(this.#begun + piece.byteLength)
    bytes.set(piece, this.#begun)
    xsalsa20(this.#key, this.#nonce, bytes, bytes, this.#blocks)
    const result = bytes.subarray(this.#begun)
    this.#blocks += Math.floor(bytes.byteLength / blockBytes)
    this.#begun = bytes.byteLength % blockBytes
    return result
  }
}
