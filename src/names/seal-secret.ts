import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto'
import { CairnError } from '../base/errors.ts'

/** What keys are sealed with: a file's random bytes, or what a person remembers. */
export interface SealingSecret {
  readonly kind: 'file' | 'passphrase'
  readonly bytes: Uint8Array
}

/** Random bytes need no stretching; of a passphrase each guess costs a third of a second and 128 MiB. */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 2 ** 20 } as const

const kinds = { file: 1, passphrase: 2 } as const
const saltBytes = 16
const ivBytes = 12
const tagBytes = 16
const headBytes = 1 + saltBytes + ivBytes + tagBytes

/**
 * Seals bytes with AES-256-GCM under a key of its own: kind, salt, iv, tag, ciphertext. `name` is bound
 * to it, so that a row cannot pass for another. https://www.rfc-editor.org/rfc/rfc7914
 */
export function seal(secret: SealingSecret, name: string, bytes: Uint8Array): Uint8Array {
  const salt = randomBytes(saltBytes)
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', derive(secret, salt), iv)
  cipher.setAAD(Buffer.from(name))
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final()])
  return Buffer.concat([Buffer.from([kinds[secret.kind]]), salt, iv, cipher.getAuthTag(), sealed])
}

/** Throws `denied` if the secret is another, or what was sealed was changed. */
export function unseal(secret: SealingSecret, name: string, sealed: Uint8Array): Uint8Array {
  if (sealed[0] !== kinds[secret.kind]) throw otherKind(sealed[0])
  const salt = sealed.subarray(1, 1 + saltBytes)
  const iv = sealed.subarray(1 + saltBytes, headBytes - tagBytes)
  try {
    const cipher = createDecipheriv('aes-256-gcm', derive(secret, salt), iv)
    cipher.setAAD(Buffer.from(name))
    cipher.setAuthTag(sealed.subarray(headBytes - tagBytes, headBytes))
    return Buffer.concat([cipher.update(sealed.subarray(headBytes)), cipher.final()])
  } catch (cause) {
    throw new CairnError(
      'denied',
      secret.kind === 'file'
        ? `the key ${name} cannot be opened: key.secret in the home is not the one it was sealed with`
        : `the key ${name} cannot be opened: the passphrase is another one`,
      { cause }
    )
  }
}

function derive({ kind, bytes }: SealingSecret, salt: Uint8Array): Uint8Array {
  if (kind === 'passphrase') return scryptSync(bytes, salt, 32, cost)
  return new Uint8Array(hkdfSync('sha256', bytes, salt, 'cairn key', 32))
}

function otherKind(kind: number | undefined): CairnError {
  const needs =
    kind === kinds.passphrase
      ? 'a passphrase: set keys: passphraseFile in config.yaml'
      : 'key.secret in the home, without a passphrase'
  return new CairnError('denied', `the key was sealed with ${needs}`)
}
