import type { CID } from 'multiformats/cid'
import type { Digest } from '../base/digest.ts'
import type { CairnError } from '../base/errors.ts'
import type { Classification, Learned } from './adapter.ts'

/**
 * Catalog: what package keys and digests are here as which CID. Rows in the home's database, seen
 * by every process; entries are roots of collection while within budget.
 */
export interface Catalog {
  get: (key: string) => CatalogItem | undefined
  /** An item with these bytes, whatever its key or adapter. */
  byDigest: (digest: Digest) => CatalogItem | undefined
  /** With `version` it is remembered under its `validatedMs` for `versionAt`, unless the last one has the same content. */
  put: (item: CatalogItem, options?: { version?: boolean }) => void
  /** What a mutable item was at a time: its last version that was here by then, since its `validatedMs`. */
  versionAt: (key: string, atMs: number) => CatalogItem | undefined
  /** Any version of an item with these bytes. */
  versionWith: (key: string, digest: Digest) => CatalogItem | undefined
  /** Runs `work` as one transaction: other processes and threads see all of it or nothing. `durable`: it survives a power cut. */
  together: <T>(work: () => T, options?: { readonly durable?: boolean }) => T
  /** Has a place (`apt/local`) hold what is published here, from now on. */
  host: (place: string, createdMs: number) => void
  /** The places below a prefix (`apt/`) that hold what is published here. */
  hosted: (prefix: string) => string[]
  /** The upstream was asked again and it is still right. */
  touch: (key: string, validatedMs: number) => void
  /** They were served, by key: what the budget keeps longest. */
  use: (uses: Iterable<readonly [key: string, usedMs: number]>) => void
  /** What the archives of these keys were unpacked to was looked at. */
  useUnpacked: (keys: Iterable<string>, usedMs: number) => void
  remove: (key: string) => void
  /** Removes every item of this content, under whatever key: its blocks are not to be had. */
  removeContent: (content: Pick<CatalogItem, 'cid' | 'digests'>) => void
  /**
   * Begins to take in what a document says. Nothing of it is seen before `commit`, which in one
   * step replaces all that the document (any version of it, by its name) said before.
   */
  learn: (document: string, source: LearnSource) => Learning
  /** The digest of the version of a document that was last learnt. */
  learnt: (document: string) => Digest | undefined
  /** What documents named for a key. The newest document wins. */
  expected: (key: string) => Expectation | undefined
  /** Keys directly below a prefix (`apt/debian/pool/main`), as a directory would list them. */
  list: (prefix: string) => Iterable<{ name: string; kind: 'item' | 'prefix' }>
  /** The items of a prefix and below, in the order of their keys. */
  items: (prefix: string) => Iterable<CatalogItem>
  /** The directory CID of an unpacked archive. */
  unpacked: (key: string) => CID | undefined
  /** Of an unpacked archive: the side record of what UnixFS has no place for, if it has any of it. */
  sideRecord: (key: string) => CID | undefined
  /** Throws `not-found` for a key that nothing is held of any more. */
  setUnpacked: (key: string, tree: UnpackedTree, usedMs: number) => void
  statistics: () => CatalogStatistics
  /**
   * As the database's, and unmoved by what changes no item: that one was used, or asked for again. What was read
   * under one number holds as long as it is that; undefined inside a transaction.
   */
  version: () => number | undefined
}

export interface UnpackedTree {
  readonly cid: CID
  /** What it was made of: the key's item may be another by now. */
  readonly archive: CID
  /** Of an image: the side record of what UnixFS has no place for. */
  readonly record?: CID | undefined
  /** All its blocks, each as often as it is linked. */
  readonly bytes: number
}

export interface CatalogStatistics {
  readonly items: number
  readonly bytes: number
  /** Of each adapter. */
  readonly adapters: Readonly<Record<string, { readonly items: number; readonly bytes: number }>>
}

export interface Expectation {
  readonly digest: Digest
  readonly bytes: number | undefined
}

export interface LearnSource {
  /** Of the document's bytes, to know this version again. */
  readonly digest: Digest
  readonly learntMs: number
}

/** One transaction a call, so that a long document never holds up other writers for long. */
export interface Learning {
  add: (entries: readonly Learned[]) => void
  commit: () => void
}

export interface CatalogItem {
  readonly key: string
  readonly cid: CID
  readonly bytes: number
  readonly mediaType: string
  /** Of the whole body; sha256 always. */
  readonly digests: readonly Digest[]
  /** Validators the upstream gave, used to revalidate; of a derived item, the version of its source. */
  readonly etag: string | undefined
  readonly lastModified: string | undefined
  readonly storedMs: number
  readonly validatedMs: number
  readonly usedMs: number
}

/** The pull-through engine. */
export interface Pull {
  /**
   * The item: from the catalog if fresh, else by one flight that all who ask share. The answer's
   * body streams while the flight stores. A held item is answered stale when the upstream fails.
   * Throws `not-found` (upstream says so), `upstream` or `timeout` (nothing held and the upstream
   * failed), `mismatch` (it would send other bytes than its index names), `aborted`.
   * A flight that nobody waits for any more goes on only if little is left of it: abort `signal` to
   * leave without having read the body. With `at` the item is what it was then: `not-found` if it was
   * not seen here by then.
   */
  fetch: (wanted: Classification, options?: PullFetchOptions) => Promise<PullAnswer>
  statistics: () => PullStatistics
  /** Resolves when every document that landed so far has been learnt. */
  learnt: () => Promise<void>
  /** Ends flights; what they have fetched so far is dropped. */
  close: () => Promise<void>
}

export interface PullFetchOptions {
  readonly signal?: AbortSignal
  readonly at?: Moment
}

/**
 * `snapshot`: all is as it was then. `version`: as the document of this key and digest names it; what it
 * does not name is as it is now.
 */
export type Moment =
  | { readonly of: 'snapshot'; readonly ms: number }
  | { readonly of: 'version'; readonly document: string; readonly digest: Digest }

export interface PullAnswer {
  readonly key: string
  /** Of the whole body, if it is known already. */
  readonly digest?: Digest | undefined
  readonly mediaType: string
  /** Undefined while a flight does not know it yet. */
  readonly bytes: number | undefined
  /** What clients revalidate by; the time it was stored where the upstream names none. */
  readonly lastModified: string
  readonly etag: string | undefined
  readonly from: 'store' | 'upstream' | 'flight' | 'stale'
  /** Of what is stale: why, if it was just tried. */
  readonly why?: CairnError | undefined
  /** Somebody may have the beginning of other bytes by these validators: no part is sent, but all of it. */
  readonly whole?: true | undefined
  /**
   * Once: the bytes from `start` (inclusive) to `end` (exclusive); the whole by default. A flight that
   * fails, or whose digest is wrong, throws: the door destroys the response. Its last byte is held
   * back until the digest was found right, so no client ever has the whole of a wrong body. A piece
   * is valid only until the next one is asked for: its memory is used again.
   */
  body: (range?: { start: number; end: number }) => Body
  /** Set if the same may be answered again from this item until then, unless the catalog changes. */
  readonly again?: { readonly item: CatalogItem; readonly untilMs: number } | undefined
}

/** Pieces of a body; a plain iterable where all of it is here and short. */
export type Body = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

export interface PullCounts {
  readonly requests: number
  readonly hits: number
  readonly stale: number
  readonly failures: number
  readonly bytesServed: number
  readonly bytesFetched: number
}

/** Of all adapters together, and of each. */
export interface PullStatistics extends PullCounts {
  readonly adapters: Readonly<Record<string, PullCounts>>
  /** Downloads in progress now. */
  readonly flights: number
  /** What of upstreams did not work when it was tried last, the latest first. */
  readonly troubles: readonly Trouble[]
}

export interface Trouble {
  /** An upstream's origin, or a catalog key. */
  readonly of: string
  readonly problem: string
  readonly sinceMs: number
  readonly lastMs: number
}

/** Takes an archive that is held apart, for the mount. */
export interface Unpacking {
  /**
   * The directory CID of the archive's contents, unpacked now if it was not yet; all who ask at once
   * share the work. Throws `not-found` (no such item), `unsupported` (not an archive), `invalid` (a
   * hostile or damaged one), `file-too-large` (over `limits.unpacked…`), `aborted`.
   */
  unpack: (key: string, options?: { signal?: AbortSignal }) => Promise<CID>
}

/** Where the engine tells an operator what it did; pino's loggers are one. */
export interface Log {
  info: (facts: object, message: string) => void
  warn: (facts: object, message: string) => void
}

/**
 * How the engine reaches an upstream. An abort rejects, or makes the body throw if it has begun; a
 * body that breaks off throws too.
 */
export type FetchUpstream = (
  url: string,
  options: {
    headers: Record<string, string>
    signal: AbortSignal
    /** Default GET. Only GET and HEAD follow redirects; `authorization` stays with the first origin. */
    method?: string
    body?: Uint8Array
    /** Private hosts that redirects may lead to; by default only the one that redirects. */
    mayEnter?: (hostname: string) => boolean
  }
) => Promise<{ status: number; headers: Headers; body: AsyncIterable<Uint8Array> | undefined }>
