import type { Multihash } from '../../base/blocks.ts'

/**
 * What the package tree needs of a catalog. Keys and prefixes are slash-separated text without a
 * slash at either end (`apt/debian/pool/main/h/hello/hello_2.10-3_amd64.deb`); the empty prefix is
 * the top. Synchronous and cheap: called by FUSE workers, for every look into a directory.
 */
export interface PackageView {
  /**
   * How archives' names end, e.g. `.deb`. Beside an archive stands a folder of its contents, named
   * as the archive without that ending, unless an entry of its own has that name.
   */
  readonly archiveSuffixes: readonly string[]
  /** What stands directly below a prefix, in a stable order; nothing if no key begins with it. */
  list: (prefix: string) => Iterable<PackageEntry>
  /** The stored item of a key, or undefined. */
  item: (key: string) => PackageItem | undefined
  /**
   * The directory an archive's contents were unpacked to. Throws `missing` with the want
   * `{ kind: 'unpacked', id: key }` while they were not.
   */
  unpacked: (key: string) => PackageContents
}

export interface PackageEntry {
  readonly name: string
  readonly kind: 'directory' | 'file'
}

/** The bytes as stored: a UnixFS file. */
export interface PackageItem {
  readonly codec: number
  readonly multihash: Multihash
  readonly bytes: number
}

/** A UnixFS directory. */
export interface PackageContents {
  readonly codec: number
  readonly multihash: Multihash
  /** Its side record, if it has one. */
  readonly record?: Multihash | undefined
}
