import type { CID } from 'multiformats/cid'
import { codec } from '../../base/blocks.ts'
import { cidFromText } from '../../base/cid-text.ts'
import { CairnError } from '../../base/errors.ts'
import { type Name, nameText } from '../../base/names.ts'

/** A name of an IPNS key: https://specs.ipfs.tech/ipns/ipns-record/#ipns-name */
const libp2pKey = 0x72

/**
 * The CID that a name in the root of /ipfs is, in the base and case given. Throws `not-found` for
 * what is none, `unsupported` for one of a codec that is neither UnixFS nor raw.
 */
export function parseCidName(name: Name): CID {
  const cid = cidFromText(name)
  if (cid === undefined) {
    throw new CairnError('not-found', `${JSON.stringify(nameText(name))} is not a CID`)
  }
  if (cid.code === codec.dagPb || cid.code === codec.raw) return cid
  if (cid.code === libp2pKey) {
    throw new CairnError('not-found', `${name} is the name of an IPNS key: look for it under /ipns`)
  }
  throw new CairnError(
    'unsupported',
    `${name} has the codec 0x${cid.code.toString(16)}: only UnixFS (dag-pb) and raw blocks show as files`
  )
}
