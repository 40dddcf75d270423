import { CID } from 'multiformats/cid'
import { CairnError } from '../base/errors.ts'

/** Text to a CID of version 0 or 1, base58btc, base32 or base36. Throws `usage`. */
export function parseCid(text: string): CID {
  try {
    return CID.parse(text.replace(/^\/ipfs\//, ''))
  } catch (cause) {
    throw new CairnError('usage', `${JSON.stringify(text.slice(0, 120))} is not a CID`, { cause })
  }
}
