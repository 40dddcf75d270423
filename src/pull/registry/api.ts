import type { CID } from 'multiformats/cid'
import type { Digest } from '../../base/digest.ts'

/**
 * Repositories: what was pushed to this machine. Names, digests and tags come checked. Rows in the
 * home's database; the bytes are UnixFS files of the store, shared with all else that is held.
 */
export interface Repositories {
  /** Whether anything was ever pushed there: such a name is never looked up upstream. */
  has: (name: string) => boolean
  /** Names after `last`, in the order of their bytes. */
  names: (page: Page) => string[]
  /** Tags of a repository, as `names`. */
  tags: (name: string, page: Page) => string[]
  /** The tags that lead to a manifest. */
  tagsOf: (name: string, digest: Digest) => string[]
  blob: (name: string, digest: Digest) => HostedContent | undefined
  /** A blob of any repository, or of `from` only. */
  anyBlob: (digest: Digest, from?: string) => HostedContent | undefined
  /** Has a repository show content that is in the store. */
  addBlob: (name: string, digest: Digest, content: Pick<HostedContent, 'cid' | 'bytes'>) => void
  /** False if there is none. */
  removeBlob: (name: string, digest: Digest) => boolean
  manifest: (name: string, reference: Reference) => HostedManifest | undefined
  /** Stores it, and moves the tag to it if there is one: all or nothing, and it survives a power cut. */
  addManifest: (name: string, bytes: Uint8Array, facts: ManifestFacts, tag?: string) => void
  /** The manifest goes with all tags that lead to it; of a tag, only that tag. False if there is none. */
  removeManifest: (name: string, reference: Reference) => boolean
  /** Manifests whose subject is `digest`, of one type or of all, in the order of their digests. */
  referrers: (name: string, digest: Digest, page: Page, artifactType?: string) => HostedManifest[]
}

export type Reference = { readonly tag: string } | { readonly digest: Digest }

export interface Page {
  readonly last: string
  readonly count: number
}

/** Bytes of the store under a digest. */
export interface HostedContent {
  readonly digest: Digest
  readonly cid: CID
  readonly bytes: number
  readonly storedMs: number
}

export interface ManifestFacts {
  readonly digest: Digest
  readonly mediaType: string
  readonly subject: Digest | undefined
  readonly artifactType: string | undefined
  readonly annotations: Readonly<Record<string, string>> | undefined
}

export interface HostedManifest extends HostedContent, ManifestFacts {}

/**
 * Blobs on their way in. What arrived is in a plain file from the first byte on, so an upload goes
 * on after the process died. Requests for one upload are taken one after the other.
 */
export interface Uploads {
  /** Begins one; returns its id. */
  begin: (name: string) => string
  /** Bytes arrived. Throws `not-found` for an upload that is not of this repository. */
  arrived: (name: string, id: string) => Promise<number>
  /**
   * Adds a piece and returns the bytes arrived. If the client breaks off, what arrived stays. Throws
   * `out-of-range` if the piece does not begin where the last one ended, `invalid` if it is not as
   * long as it says (it is taken back), `no-space` (the upload is over then), `not-found`.
   */
  append: (name: string, id: string, piece: UploadPiece) => Promise<number>
  /**
   * Adds a last piece, checks the digest and stores the blob in its repository. Throws `mismatch` if
   * the bytes are others (the upload is over then), and as `append`.
   */
  finish: (name: string, id: string, piece: UploadPiece, digest: Digest) => Promise<void>
  /** Throws `not-found`. */
  cancel: (name: string, id: string) => Promise<void>
}

export interface UploadPiece {
  readonly body: AsyncIterable<Uint8Array>
  /** As `Content-Range` says, end exclusive; undefined: goes on wherever the upload is. */
  readonly range: { readonly start: number; readonly end: number } | undefined
}

/**
 * Packages with versions that were published to this machine: of each a document that lists its versions, and
 * their tarballs. Rows in the home's database; the bytes are UnixFS files of the store.
 */
export interface Packages {
  /** Whether it was ever published: such a name is never looked up upstream. */
  has: (name: string) => boolean
  /** Whether it has a version now. */
  isPublished: (name: string) => boolean
  /** Of all that have. */
  names: () => string[]
  document: (name: string) => HostedDocument | undefined
  tarball: (name: string, file: string) => HostedContent | undefined
  /**
   * All of it or nothing, and it survives a power cut. Throws `conflict` if the document is not
   * at this revision any more.
   */
  change: (name: string, change: PackagesChange) => void
}

export interface HostedDocument extends HostedContent {
  /** Grows by one with each change; from 1. */
  readonly revision: number
}

export interface PackagesChange {
  /** The revision that the change was made of; 0 for a package that there is not. */
  readonly revision: number
  readonly document: Uint8Array
  readonly added: ReadonlyArray<{ readonly file: string; readonly bytes: Uint8Array }>
  readonly removed: readonly string[]
}

/** What a mutable name of an upstream means now: the digest of its manifest. */
export interface Pointers {
  /**
   * As last heard if that is fresh; else asked by one HEAD that all share. When the upstream fails,
   * what was heard last is answered, `stale`. Throws `not-found` (upstream says so), `upstream`,
   * `timeout`, `aborted`.
   */
  resolve: (pointer: Pointer, options?: { signal?: AbortSignal }) => Promise<Pointed>
  /** The last parts of keys below a prefix that were ever resolved, in the order of their bytes. */
  known: (prefix: string) => string[]
}

export interface Pointer {
  /** `oci/<upstream>/<name>/<tag>`. */
  readonly key: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly maxAgeMs: number
  /**
   * Brings what a new digest means. The name moves only once that is here and is what it should be:
   * what it meant before is better than what cannot be had.
   */
  readonly take: (digest: Digest) => Promise<unknown>
}

export interface Pointed {
  readonly digest: Digest
  readonly from: 'store' | 'upstream' | 'stale'
}
