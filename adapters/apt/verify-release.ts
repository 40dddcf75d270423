import { CairnError } from '../../src/base/errors.ts'
import { verifySignature } from './openpgp/run.ts'

/**
 * Whether a key of the keyring signed an InRelease or, with `apart`, a Release and its Release.gpg.
 * Throws `denied` with what is wrong with each signature.
 */
export async function verifyRelease(
  keyring: Uint8Array,
  document: Uint8Array,
  detached?: { readonly apart: Uint8Array | undefined }
): Promise<void> {
  if (detached !== undefined && detached.apart === undefined) {
    throw new CairnError('denied', 'it is not signed: there is no Release.gpg')
  }
  const { problem } = await verifySignature(keyring, document, detached?.apart)
  if (problem === undefined) return
  throw new CairnError('denied', `no key of the configured keyring signed it (${problem})`)
}
