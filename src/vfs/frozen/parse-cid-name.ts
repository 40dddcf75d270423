import { base16, base16upper } from 'multiformats/bases/base16'
import { base32, base32upper } from 'multiformats/bases/base32'
import { base36, base36upper } from 'multiformats/bases/base36'
import { base58btc, base58flickr } from 'multiformats/bases/base58'
import { base64url, base64urlpad } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import { codec } from '../../base/blocks.ts'
import { CairnError } from '../../base/errors.ts'
import { type Name, nameText } from '../../base/names.ts'

/** The multibases whose alphabet a file's name can hold: https://github.com/multiformats/multibase */
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

/** A name of an IPNS key: https://specs.ipfs.tech/ipns/ipns-record/#ipns-name */
const libp2pKey = 0x72

/**
 * The CID that a name in the root of /ipfs is, in the base and case given. Throws `not-found` for
 * what is none, `unsupported` for one of a codec that is neither UnixFS nor raw.
 */
export function parseCidName(name: Name): CID {
  const cid = parse(name)
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

function parse(name: Name): CID | undefined {
  try {
    return name.startsWith('Q') ? CID.parse(name) : CID.parse(name, decoder)
  } catch {
    return undefined
  }
}
