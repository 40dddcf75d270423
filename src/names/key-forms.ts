import { createPrivateKey, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { sha256Multihash } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { decodeFields, encodeFields } from '../base/protobuf-fields.ts'
import { nameOfMultihash } from './ipns-name.ts'

/** libp2p's forms of keys: https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md#keys */
const keyType = { rsa: 0n, ed25519: 1n } as const

/** DER before the 32 bytes of an Ed25519 key: https://www.rfc-editor.org/rfc/rfc8410 */
const privateHead = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicHead = Buffer.from('302a300506032b6570032100', 'hex')

/** A key of up to 42 bytes is its own multihash. */
const inlineBytes = 42

export const keyFormats = ['pem', 'libp2p'] as const
export type KeyFormat = (typeof keyFormats)[number]

/** The private key of 32 secret bytes. */
export function privateKeyOfSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([privateHead, seed]),
    format: 'der',
    type: 'pkcs8'
  })
}

export function seedOf(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'pkcs8' }).subarray(privateHead.byteLength)
}

/** The public key in libp2p's protobuf form. */
export function publicKeyBytes(key: KeyObject): Uint8Array {
  return encodeFields([
    { number: 1, value: keyType.ed25519 },
    { number: 2, value: rawPublic(key) }
  ])
}

function rawPublic(key: KeyObject): Uint8Array {
  return createPublicKey(key)
    .export({ format: 'der', type: 'spki' })
    .subarray(publicHead.byteLength)
}

/** The name of a public key in its protobuf form. */
export function nameOfKey(publicKey: Uint8Array): string {
  const multihash =
    publicKey.byteLength <= inlineBytes
      ? Buffer.concat([Buffer.from([0, publicKey.byteLength]), publicKey])
      : sha256Multihash(publicKey)
  return nameOfMultihash(multihash)
}

/** A private key for a file: PKCS#8 in PEM, or libp2p's protobuf. */
export function exportPrivateKey(key: KeyObject, format: KeyFormat): Uint8Array {
  if (format === 'pem') return Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }))
  return encodeFields([
    { number: 1, value: keyType.ed25519 },
    { number: 2, value: Buffer.concat([seedOf(key), rawPublic(key)]) }
  ])
}

/** Reads either form. Throws `invalid` for what is none, `unsupported` for a key of another kind. */
export function importPrivateKey(bytes: Uint8Array): KeyObject {
  const text = Buffer.from(bytes).toString('latin1')
  return text.includes('-----BEGIN') ? fromPem(text) : fromProtobuf(bytes)
}

function fromPem(text: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: text, format: 'pem' })
  } catch (cause) {
    throw new CairnError('invalid', 'it is no private key that can be read: give PKCS#8 in PEM', {
      cause
    })
  }
  if (key.asymmetricKeyType === 'ed25519') return key
  throw otherKind(String(key.asymmetricKeyType))
}

function fromProtobuf(bytes: Uint8Array): KeyObject {
  const fields = decodeFields(bytes)
  const type = fields.get(1)
  const data = fields.get(2)
  if (typeof type !== 'bigint' || !(data instanceof Uint8Array)) {
    throw new CairnError('invalid', 'it is no key: neither PEM nor libp2p protobuf')
  }
  if (type !== keyType.ed25519) throw otherKind(`type ${type}`)
  if (data.byteLength !== 64 && data.byteLength !== 96) {
    throw new CairnError('invalid', `an Ed25519 key of ${data.byteLength} bytes: 64 are right`)
  }
  const key = privateKeyOfSeed(data.subarray(0, 32))
  if (Buffer.from(rawPublic(key)).equals(data.subarray(32, 64))) return key
  throw new CairnError('invalid', 'the public half of the key is not that of its private half')
}

function otherKind(kind: string): CairnError {
  return new CairnError(
    'unsupported',
    `a key of the kind ${kind}: only Ed25519 keys can publish here`
  )
}

/**
 * Whether a public key in protobuf form made a signature. Throws `invalid` for a damaged key and
 * `unsupported` for one that is neither Ed25519 nor RSA.
 */
export function isSignedBy(
  publicKey: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array
): boolean {
  const fields = decodeFields(publicKey)
  const bytes = fields.get(2)
  if (!(bytes instanceof Uint8Array)) throw new CairnError('invalid', 'a public key without bytes')
  switch (fields.get(1)) {
    case keyType.ed25519:
      return verify(null, data, publicKeyOf(Buffer.concat([publicHead, bytes])), signature)
    case keyType.rsa:
      return verify('sha256', data, publicKeyOf(bytes), signature)
    default:
      throw new CairnError('unsupported', 'a key that is neither Ed25519 nor RSA')
  }
}

function publicKeyOf(der: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  } catch (cause) {
    throw new CairnError('invalid', 'the public key is damaged', { cause })
  }
}
