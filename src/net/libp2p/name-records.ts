import { base36 } from 'multiformats/bases/base36'
import { base64url } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import { decode as decodeDigest } from 'multiformats/hashes/digest'

/** What is known here of records of names: whoever relays or picks one asks. */
export interface RecordJudge {
  /** Throws for what is no record of the name, not signed by its key, or past its end of life. */
  readonly check: (name: string, record: Uint8Array) => void
  /** Below 0 if the second is to be preferred. Both passed `check`. */
  readonly compare: (name: string, one: Uint8Array, other: Uint8Array) => number
  /** What a record leads to, if that is content by itself. */
  readonly contentOf: (name: string, record: Uint8Array) => CID | undefined
  /** The newest that is held. */
  readonly held: (name: string) => Uint8Array | undefined
  /** One that came without being asked for. */
  readonly onRecord: (name: string, record: Uint8Array) => void
}

const prefix = Buffer.from('/ipns/')
const libp2pKey = 0x72

/** The key of a name's record: https://specs.ipfs.tech/ipns/ipns-record/#routing-record */
export function routingKey(name: string): Uint8Array {
  return Buffer.concat([prefix, CID.parse(name, base36).multihash.bytes])
}

/** The name of a routing key, or undefined for a key of something else. */
export function nameOfRoutingKey(key: Uint8Array): string | undefined {
  if (Buffer.compare(key.subarray(0, prefix.byteLength), prefix) !== 0) return undefined
  try {
    const multihash = decodeDigest(key.subarray(prefix.byteLength))
    return CID.createV1(libp2pKey, multihash).toString(base36)
  } catch {
    return undefined
  }
}

/** Where records of a name are told: https://specs.ipfs.tech/ipns/ipns-pubsub-router/#protocol */
export function topicOf(name: string): string {
  return `/record/${base64url.baseEncode(routingKey(name))}`
}
