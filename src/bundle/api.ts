/**
 * Bundles: content, names and packages on a disk that is carried to where no network leads.
 *
 * A bundle is a folder: CARs (version 1) of at most so many bytes each, `catalog.jsonl` with an entry
 * of the catalog a line, and `index.json`, which names them all with lengths and digests and is written
 * last: without it a bundle is not complete. docs/bundles.md says what stands where.
 *
 * Blocks prove themselves by their hashes and records of names by their signatures. What a package is
 * called nobody proves: a bundle is believed in that as the person is who brings it.
 */
export interface BundleIndex {
  readonly version: 1
  readonly createdMs: number
  readonly roots: readonly BundleRoot[]
  readonly names: readonly BundleName[]
  readonly cars: readonly BundleFile[]
  readonly catalog: (BundleFile & { readonly entries: number }) | undefined
  /** DAGs that the other side has whole when it imported this: what it brings, and what it had. */
  readonly holds: readonly string[]
}

export interface BundleRoot {
  /** As it was asked for: `/mfs/site`, a CID. */
  readonly label: string
  readonly cid: string
}

export interface BundleName {
  readonly name: string
  readonly cid: string
  readonly record: Uint8Array
}

export interface BundleFile {
  readonly file: string
  readonly bytes: number
  /** Undefined for a CAR that came by itself: its blocks prove themselves. */
  readonly sha256: string | undefined
}

/** Told now and then while it goes. */
export type OnProgress = (done: { readonly blocks: number; readonly bytes: number }) => void

export interface ImportReport {
  readonly blocks: number
  readonly bytes: number
  /** Of these, those that were not here before. */
  readonly newBlocks: number
  readonly roots: readonly BundleRoot[]
  readonly names: ReadonlyArray<{ readonly name: string; readonly outcome: string }>
  readonly packages: { readonly taken: number; readonly older: number }
}
