import type { CID } from 'multiformats/cid'
import type { CairnError } from '../base/errors.ts'
import type { KeyFormat } from './key-forms.ts'
import type { SealingSecret } from './seal-secret.ts'

/**
 * Names that move: IPNS, https://specs.ipfs.tech/ipns/
 *
 * A **name** is a public key; who has the private one publishes records under it, each saying where the
 * name stands, until when, and with a sequence that only grows. An **alias** is what a person calls a
 * name on this machine. A **publication** is an own key and what it publishes: a folder of /mfs, anew
 * after every seal, or a CID that stands still. A **follow** keeps somebody else's name alive here: its
 * last valid record, and the content, stay when the publisher is gone.
 *
 * For every name a root, `ipns/<name>`, says where it stands on this machine, with its history; it moves
 * in the transaction that stores the record. Across machines there is no compare-and-swap: two that
 * have one key are found out by a record that is not ours (`heads`), and neither's is thrown away.
 */
export interface Names {
  readonly keys: Keys
  /** Everything published here. */
  publications: () => Publication[]
  /** Durable when it returns. Throws `not-found` (no such key), `denied` (key cannot be opened), `conflict` unless `settle`. */
  publish: (alias: string, what: PublishWhat) => Published
  /** Ends publishing; the record runs out. False if nothing was. */
  unpublish: (alias: string) => boolean
  /** A new key takes the alias over; the old one's last record says so. The old key can only repeat that. */
  rotate: (alias: string) => KeyInfo
  /** Signs again what ends within half its lifetime; what cannot be is told, and the others go on. */
  renew: (failed: OnPublishFailed) => Published[]
  /** Publishes what of /mfs stands elsewhere by now; `cidAt` gives undefined for a path that is not there. */
  publishMoved: (cidAt: (path: string) => CID | undefined, failed: OnPublishFailed) => Published[]

  follows: () => Follow[]
  /** `target`: a name, or a domain that DNSLink resolves. Throws `exists` for an alias in use. */
  follow: (target: string, options: FollowOptions) => Follow
  /** By target, name or alias. What it kept is free to be collected. False if it was not followed. */
  unfollow: (which: string) => boolean
  /** What a refresh writes down. */
  readonly refreshed: Refreshed

  /** The newest valid record held of a name, own or followed; expired ones too. */
  record: (name: string) => HeldRecord | undefined
  /** All that are held to be handed on: not those of own keys that publish nothing any more. */
  records: () => readonly NamedRecord[]
  /**
   * Offers a record from anywhere; a key that gave way to another has no more say. Throws what `decodeRecord`
   * does, of names that are wanted here.
   */
  take: (name: string, bytes: Uint8Array, options?: TakeOptions) => Taken
  /** Records of own keys that this machine did not make: those nobody settled, or all. */
  heads: (options?: HeadsOptions) => ForeignHead[]
  readonly visits: Visits
  /** What /ipns shows: by name, and by alias. */
  list: () => Shown[]
  find: (nameOrAlias: string) => Shown | undefined
}

/** Where names stood that somebody looked into without following them; for a while, and not in `list`. */
export interface Visits {
  find: (name: string) => CID | undefined
  put: (name: string, cid: CID) => void
}

export interface Keys {
  list: () => KeyInfo[]
  /** By alias or name. */
  find: (which: string) => KeyInfo | undefined
  /** Throws `exists`, `invalid` (an alias that is none). */
  create: (alias: string) => KeyInfo
  /** Throws also what `importPrivateKey` does. */
  import: (alias: string, bytes: Uint8Array) => KeyInfo
  /** The private key in the clear. Throws `not-found`, `denied`. */
  export: (which: string, format: KeyFormat) => Uint8Array
  /**
   * Seals what was sealed with another secret with the one in force, all of them or none; how many. Throws
   * `denied` for one that neither opens.
   */
  reseal: (from: SealingSecret) => number
  /** With all that was published under it; nobody can bring it back without an exported copy. False if there is none. */
  remove: (which: string) => boolean
}

export interface KeyInfo {
  readonly name: string
  readonly alias: string
  readonly createdMs: number
  /** The name that took over. */
  readonly successor: string | undefined
}

export interface PublishWhat {
  readonly cid: CID
  /** The folder or file of /mfs that is published from now on; undefined: the CID stands still. */
  readonly path: string | undefined
  readonly lifetimeMs: number
  /** Goes above what another machine published under the key. */
  readonly settle: boolean
}

export interface Published {
  readonly name: string
  readonly alias: string
  readonly cid: CID
  readonly sequence: bigint
  readonly endMs: number
  readonly record: Uint8Array
}

export type OnPublishFailed = (publication: Publication, error: CairnError) => void

export interface Publication {
  readonly name: string
  readonly alias: string
  /** Below /mfs, without a slash before it; '' is all of it. */
  readonly path: string | undefined
  readonly lifetimeMs: number
  readonly cid: CID | undefined
}

export interface HeldRecord {
  readonly bytes: Uint8Array
  readonly value: string
  readonly sequence: bigint
  readonly endMs: number
  readonly ttlMs: number
  readonly successor: string | undefined
  readonly takenMs: number
}

export interface NamedRecord extends HeldRecord {
  readonly name: string
  readonly isOwn: boolean
}

export interface FollowOptions {
  readonly alias?: string | undefined
  /** Keep all of the content, not only what was read. */
  readonly whole: boolean
}

export interface Follow {
  readonly target: string
  readonly alias: string | undefined
  /** The key it leads to; undefined for a domain that was not resolved yet, or that names a CID. */
  readonly name: string | undefined
  readonly whole: boolean
  readonly sinceMs: number
  /** When it was last asked for, and last answered; 0 for never. */
  readonly askedMs: number
  readonly answeredMs: number
  /** Why the last refresh brought nothing. */
  readonly problem: string | undefined
  /** What it shows. */
  readonly cid: CID | undefined
  /** The CID whose every block is here and pinned. */
  readonly kept: CID | undefined
}

export interface TakeOptions {
  /** It came by a disk that was long on its way: it may be past its end of life, and is stale then. */
  readonly late?: boolean
}

/** What is written down of followed names when they are asked for. Each call is durable but `note`. */
export interface Refreshed {
  /** A refresh ended; with a problem, it brought nothing. */
  note: (target: string, problem: string | undefined) => void
  /** A domain leads to a key from now on, or to a CID. */
  lead: (target: string, name: string | undefined) => void
  /** Where the name stands; its root block is here. True if it moved. */
  stand: (target: string, cid: CID, reason: string) => boolean
  /** Every block of the CID is here: it is pinned in place of what was kept before. */
  keep: (target: string, cid: CID) => void
}

/** What became of a record that was offered. `foreign`: of an own key, and not ours; `unwanted`: nobody follows it. */
export type Taken = 'newer' | 'same' | 'older' | 'expired' | 'foreign' | 'unwanted'

export interface HeadsOptions {
  readonly name?: string
  readonly all?: boolean
}

export interface ForeignHead {
  readonly name: string
  readonly sequence: bigint
  readonly value: string
  readonly seenMs: number
}

/** An entry of /ipns. */
export interface Shown {
  readonly name: string
  readonly alias: string | undefined
  /** A path of /mfs that it is, or the CID it stands at. */
  readonly place:
    | { readonly kind: 'mfs'; readonly path: string; readonly cid: CID | undefined }
    | { readonly kind: 'cid'; readonly cid: CID }
  /** Past its end of life: the publisher did not renew it. */
  readonly stale: boolean
}
