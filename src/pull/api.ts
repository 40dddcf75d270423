import type { CID } from 'multiformats/cid'
import type { Digest } from '../base/digest.ts'
import type { Classification, Learned } from './adapter.ts'

/**
 * Catalog: what package keys and digests are here as which CID. Rows in the home's database, seen
 * by every process; entries are roots of collection while within budget.
 */
export interface Catalog {
  get: (key: string) => CatalogItem | undefined
  /** An item with these bytes, whatever its key or adapter. */
  byDigest: (digest: Digest) => CatalogItem | undefined
  put: (item: CatalogItem) => void
  /** It was asked for again and is still right. */
  touch: (key: string, validatedMs: number) => void
  /** The digest that a document named for a key. The newest document wins. */
  learn: (documentKey: string, entries: Iterable<Learned>) => void
  expected: (key: string) => { digest: Digest; bytes: number | undefined } | undefined
  /** Keys directly below a prefix (`apt/debian/pool/main`), as a directory would list them. */
  list: (prefix: string) => Iterable<{ name: string; kind: 'item' | 'prefix' }>
  /** The directory CID of an unpacked archive. */
  unpacked: (key: string) => CID | undefined
  setUnpacked: (key: string, cid: CID) => void
  statistics: () => { items: number; bytes: number }
}

export interface CatalogItem {
  readonly key: string
  readonly cid: CID
  readonly bytes: number
  readonly mediaType: string
  /** Of the whole body; sha256 always. */
  readonly digests: readonly Digest[]
  /** Validators the upstream gave, used to revalidate. */
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
   * Throws `not-found` (upstream says so), `upstream` (nothing held and the upstream failed), `aborted`.
   */
  fetch: (wanted: Classification, options?: { signal?: AbortSignal }) => Promise<PullAnswer>
  statistics: () => PullStatistics
  /** Ends flights; what they have fetched so far is dropped. */
  close: () => Promise<void>
}

export interface PullAnswer {
  readonly key: string
  readonly mediaType: string
  /** Undefined while a flight does not know it yet. */
  readonly bytes: number | undefined
  /** What clients revalidate by; the time it was stored where the upstream names none. */
  readonly lastModified: string
  readonly etag: string | undefined
  readonly from: 'store' | 'upstream' | 'flight' | 'stale'
  /**
   * The bytes from `start` (inclusive) to `end` (exclusive); the whole by default. A flight that
   * fails, or whose digest is wrong, throws: the door destroys the response.
   */
  body: (range?: { start: number; end: number }) => AsyncIterable<Uint8Array>
}

export interface PullStatistics {
  readonly requests: number
  readonly hits: number
  readonly stale: number
  readonly failures: number
  readonly bytesServed: number
  readonly bytesFetched: number
  readonly flights: number
}

/** How the engine reaches an upstream; the real one is node's fetch, a test's what it likes. */
export type FetchUpstream = (
  url: string,
  options: { headers: Record<string, string>; signal: AbortSignal }
) => Promise<{ status: number; headers: Headers; body: AsyncIterable<Uint8Array> | undefined }>
