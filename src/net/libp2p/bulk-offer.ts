import { CairnError } from '../../base/errors.ts'

/**
 * How one connection for long bodies is made, told over an authenticated one: docs/peer-protocol.md#connections-for-long-bodies.
 * Good once, and not for long.
 */
export interface BulkOffer {
  /** Where who offers listens. */
  readonly port: number
  /** 32 hexadecimal digits: the pre-shared key's identity, which the first message shows to everybody. */
  readonly identity: string
  /** 32 bytes: the pre-shared key. */
  readonly secret: Uint8Array
}

/** Asks for one: the answer is its bytes and the end of the stream, or nothing where none is to be had now. */
export const bulkProtocol = '/cairn/bulk/1'

/** TLS 1.3 alone, with a cipher whose hash an external pre-shared key may have: https://www.rfc-editor.org/rfc/rfc8446#section-4.2.11 */
export const bulkTls = {
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  ecdhCurve: 'X25519'
} as const

const identityBytes = 16
const secretBytes = 32
/** What an offer has in bytes. */
export const offerBytes = 2 + identityBytes + secretBytes

export function encodeOffer({ port, identity, secret }: BulkOffer): Uint8Array {
  const bytes = Buffer.alloc(offerBytes)
  bytes.writeUInt16BE(port)
  bytes.write(identity, 2, 'hex')
  bytes.set(secret, 2 + identityBytes)
  return bytes
}

/** Throws `invalid` for what is none. */
export function decodeOffer(bytes: Uint8Array): BulkOffer {
  const all = Buffer.from(bytes)
  if (all.byteLength !== offerBytes) throw none(`it has ${all.byteLength} bytes`)
  const port = all.readUInt16BE()
  if (port === 0) throw none('it names no port')
  const identity = all.toString('hex', 2, 2 + identityBytes)
  return { port, identity, secret: all.subarray(2 + identityBytes) }
}

function none(why: string): CairnError {
  return new CairnError('invalid', `that is no offer of a connection: ${why}`)
}
