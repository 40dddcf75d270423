import type { Digest } from '../base/digest.ts'

/**
 * Other Cairns, and what is asked of them: docs/peer-protocol.md. Whatever a peer sends is unverified: who
 * takes it holds it against a digest, a CID or a signature that came from elsewhere, and says so here
 * (`blame`) when it was wrong.
 */
export interface Peer {
  /** Address or peer ID: what it is banned and listed by. */
  readonly id: string
  readonly kind: 'http' | 'libp2p'
  /** Throws `upstream` if it cannot be reached, `timeout`, `aborted`. */
  request: (path: string, options: PeerRequest) => Promise<PeerAnswer>
}

export interface PeerRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Each piece of the answer's body is used before the next is asked for: it is valid no longer. `long`: a connection for it is worth a wait. */
  readonly bulk?: 'short' | 'long'
  readonly signal: AbortSignal
}

export interface PeerAnswer {
  readonly status: number
  readonly header: (name: string) => string | undefined
  /** To be read to its end, or left: by its iterator's `return`, or the request's signal. Throws `upstream` when it breaks off. */
  readonly body: AsyncIterableIterator<Uint8Array>
}

/** Where the pull engine finds bytes whose digest it knows. */
export interface DigestSource {
  /** Whether somebody is there who answered lately: worth a moment's waiting before the upstream is asked. */
  warm: () => boolean
  /** Asks all peers but those left out; the first who has it. Undefined if none has, or none can be asked. */
  find: (digest: Digest, options: FindOptions) => Promise<DigestOffer | undefined>
}

export interface FindOptions {
  /** As an index says; who offers another length is not asked for more. */
  readonly bytes: number | undefined
  /** Where the offer is to be opened first: a peer who is the only one is asked for the bytes at once. */
  readonly from: number
  readonly without: ReadonlySet<string>
  readonly signal: AbortSignal
}

export interface DigestOffer {
  readonly peer: string
  readonly bytes: number
  /** The bytes from there on, exactly so many, unverified. Throws `upstream`, `timeout`, `aborted`; `mismatch` for another length. */
  open: (from: number, signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>
  /** What it sent was wrong. */
  blame: () => void
}

/** Why a peer is left alone for a while: `lied`, it sent wrong bytes; `failed`, it could not be reached or broke off; `operator`, somebody said so. */
export type BanReason = 'lied' | 'failed' | 'operator'

/** A peer as people see it. */
export interface PeerState {
  readonly id: string
  readonly kind: Peer['kind']
  /** `static`: somebody added it. */
  readonly from: 'static' | 'lan'
  readonly answeredMs: number | undefined
  readonly banned: { readonly untilMs: number; readonly why: BanReason } | undefined
  /** Bytes taken from it that were right. */
  readonly bytes: number
}
