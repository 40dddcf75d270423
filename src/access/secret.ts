import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { toCairnError } from '../base/errors.ts'

/** What one guess costs: rounds, block size and repeats of scrypt. */
export interface SecretCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
export const secretCost: SecretCost = { N: 2 ** 15, r: 8, p: 3 }

const saltBytes = 16
const hashBytes = 32

type Scrypt = (
  secret: string,
  salt: Uint8Array,
  bytes: number,
  options: ScryptOptions
) => Promise<Buffer>

/** A secret nobody guesses: 130 bits, in letters and digits that are told apart. */
export function makeSecret(): string {
  const alphabet = 'abcdefghijkmnopqrstuvwxyz23456789'.slice(0, 32)
  const bytes = randomBytes(26)
  return Array.from(bytes, byte => alphabet[byte & 31]).join('')
}

/** What is kept of a secret: `scrypt$N$r$p$salt$hash`, in base64url. https://www.rfc-editor.org/rfc/rfc7914 */
export async function hashSecret(secret: string, cost = secretCost): Promise<string> {
  const salt = randomBytes(saltBytes)
  const hash = await derive(secret, salt, cost)
  return kept(cost, salt, hash)
}

/** True if `kept` was made of this secret. Takes as long for what is not. Throws `io` for a cost no machine can pay. */
export async function isSecret(secret: string, kept: string): Promise<boolean> {
  const [, N, r, p, salt = '', hash = ''] = kept.split('$')
  const cost = { N: Number(N), r: Number(r), p: Number(p) }
  const expected = Buffer.from(hash, 'base64url')
  const derived = await derive(secret, Buffer.from(salt, 'base64url'), cost)
  return expected.byteLength === derived.byteLength && timingSafeEqual(expected, derived)
}

/** Of no secret: whoever asks for a user that is not there waits as long. */
export function nobodysSecret(cost = secretCost): string {
  return kept(cost, Buffer.alloc(saltBytes), Buffer.alloc(hashBytes))
}

function kept({ N, r, p }: SecretCost, salt: Buffer, hash: Buffer): string {
  return ['scrypt', N, r, p, salt.toString('base64url'), hash.toString('base64url')].join('$')
}

async function derive(secret: string, salt: Uint8Array, cost: SecretCost): Promise<Buffer> {
  const maxmem = 256 * cost.N * cost.r
  try {
    return await (promisify(scrypt) as Scrypt)(secret.normalize('NFC'), salt, hashBytes, {
      ...cost,
      maxmem
    })
  } catch (cause) {
    throw toCairnError(cause, 'a secret cannot be checked')
  }
}
