import type { CID } from 'multiformats/cid'

/**
 * How names and their content reach other machines. Whatever comes from there is unverified: who asks
 * checks signatures and hashes. A name is its CID's text in base36, as `k51…`.
 */
export interface NameSource {
  /** For messages: what it is and where. */
  readonly label: string
  /** Records that somebody holds of a name, in no order; none if nobody does. Throws what kept it from asking. */
  ask: (name: string, signal: AbortSignal, options?: AskOptions) => Promise<Uint8Array[]>
}

export interface AskOptions {
  /** Nobody wants to hear of it later: no topic is joined for it. */
  readonly once?: boolean
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
  /** Those who send many blocks an answer and may be asked now, the best first. */
  lanes?: () => readonly BlockLane[]
  /** Whether somebody who is not asked at the moment may be soon: he failed just now. */
  recovers?: () => boolean
}

/** Somebody who sends many blocks an answer: docs/peer-protocol.md. */
export interface BlockLane {
  /** The same for the same one, and no other's. */
  readonly label: string
  /**
   * Those of the CIDs, `limits.blocksTogether` at most, that it has, in their order. Whoever goes on after a block
   * found it right. Throws `upstream`, `timeout`, `aborted`; `mismatch` for what was not asked for.
   */
  send: (cids: readonly CID[], signal: AbortSignal) => AsyncIterable<SentBlock>
  /** What it sent last was wrong. */
  blame: () => void
}

export interface SentBlock {
  readonly cid: CID
  /** Not held against the CID yet; valid until the next block is asked for. */
  readonly bytes: Uint8Array
}
