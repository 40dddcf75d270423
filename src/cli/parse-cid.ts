import type { CID } from 'multiformats/cid'
import { cidFromText } from '../base/cid-text.ts'
import { CairnError } from '../base/errors.ts'

/** Text to a CID, in any base that the mount's /ipfs knows; `/ipfs/` may stand before it. Throws `usage`. */
export function parseCid(text: string): CID {
  const cid = cidFromText(text.replace(/^\/ipfs\//, ''))
  if (cid !== undefined) return cid
  throw new CairnError('usage', `${JSON.stringify(text.slice(0, 120))} is not a CID`)
}
