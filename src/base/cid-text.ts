import { base16, base16upper } from 'multiformats/bases/base16'
import { base32, base32upper } from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc, base58flickr } from 'multiformats/bases/base58'
import { base64url, base64urlpad } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'

/** The multibases whose alphabet a file's name and a word of a command line can hold: https://github.com/multiformats/multibase */
const decoder = base32.decoder
  .or(base58btc.decoder)
  .or(base36.decoder)
  .or(base16.decoder)
  .or(base32upper.decoder)
  .or(base36upper.decoder)
  .or(base16upper.decoder)
  .or(base58flickr.decoder)
  .or(base64url.decoder)
  .or(base64urlpad.decoder)

/** A CID of version 0 or 1 in any base that has no slash, or undefined for text that is none. */
export function cidFromText(text: string): CID | undefined {
  try {
    return text.startsWith('Q') ? CID.parse(text) : CID.parse(text, decoder)
  } catch {
    return undefined
  }
}
