import type { CID } from 'multiformats/cid'

/**
 * How names and their content reach other machines. Whatever comes from there is unverified: who asks
 * checks signatures and hashes. A name is its CID's text in base36, as `k51…`.
 */
export interface NameSource {
  /** For messages: what it is and where. */
  readonly label: string
  /** Records that somebody holds of a name, in no order; none if nobody does. Throws what kept it from asking. */
  ask: (name: string, signal: AbortSignal) => Promise<Uint8Array[]>
}

/** Takes a record to others: peers, a DHT, a topic. */
export interface NameSink {
  readonly label: string
  tell: (name: string, record: Uint8Array, signal: AbortSignal) => Promise<void>
}

/** Where blocks of followed content come from. */
export interface BlockSource {
  readonly label: string
  /** The block's bytes, or undefined if it is not there. */
  fetch: (cid: CID, signal: AbortSignal) => Promise<Uint8Array | undefined>
}
