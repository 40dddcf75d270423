import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { decode as decodeDigest } from 'multiformats/hashes/digest'
import { cidFromText } from '../base/cid-text.ts'
import { CairnError } from '../base/errors.ts'

/** The codec of a key's CID: https://specs.ipfs.tech/ipns/ipns-record/#ipns-name */
const libp2pKey = 0x72
const identity = 0x00
const sha256 = 0x12

/**
 * The name that a text writes, in its canonical form (a CID of version 1 in base36): CIDs of keys in
 * any base, and the base58 of peer ids. Undefined for what is none.
 */
export function readIpnsName(text: string): string | undefined {
  const multihash = multihashOf(text)
  return multihash === undefined ? undefined : nameOfMultihash(multihash)
}

/** As `readIpnsName`. Throws `usage`. */
export function parseIpnsName(text: string): string {
  const name = readIpnsName(text)
  if (name !== undefined) return name
  throw new CairnError('usage', `${JSON.stringify(text.slice(0, 120))} is not the name of a key`)
}

/** The name of a public key in libp2p's protobuf form; a long one is named by its hash. */
export function nameOfMultihash(multihash: Uint8Array): string {
  return CID.createV1(libp2pKey, decodeDigest(multihash)).toString(base36)
}

/** The public key, in libp2p's protobuf form, if the name is the key itself. */
export function keyInName(name: string): Uint8Array | undefined {
  const { code, digest } = CID.parse(name, base36).multihash
  return code === identity ? digest : undefined
}

function multihashOf(text: string): Uint8Array | undefined {
  const cid = text.startsWith('1') ? undefined : cidFromText(text)
  if (cid !== undefined) {
    if (cid.version === 1 && cid.code !== libp2pKey) return undefined
    return isKeyHash(cid.multihash) ? cid.multihash.bytes : undefined
  }
  try {
    const bytes = base58btc.baseDecode(text)
    return isKeyHash(decodeDigest(bytes)) ? bytes : undefined
  } catch {
    return undefined
  }
}

/** A key of up to 42 bytes is its own hash: https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md */
function isKeyHash({ code, digest }: { code: number; digest: Uint8Array }): boolean {
  if (code === sha256) return digest.byteLength === 32
  return code === identity && digest.byteLength > 0 && digest.byteLength <= 42
}
