import type { Multihash } from '../../base/blocks.ts'
import type { Name } from '../../base/names.ts'
import type { NodeInfo } from '../../unixfs/api.ts'
import type { NodeFacts } from '../../unixfs/side-record.ts'
import type { ContentLink, Directory } from './content-link.ts'

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
   * The directory an archive's contents were unpacked to; of an image that is being unpacked, what of it
   * is known to this thread. Throws `missing` with the want `{ kind: 'unpacked', id: key }` else.
   */
  unpacked: (key: string) => PackageContents | GrowingContents
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
export interface PackageContents extends Directory {
  /** Of an image: the multihash of the stored manifest that it was made of. */
  readonly image?: Multihash | undefined
}

/**
 * An image that is being unpacked. Every answer is final; one that is not settled yet throws `missing`.
 * Paths are those below its root.
 */
export interface GrowingContents {
  readonly image: Multihash
  find: (path: readonly Name[]) => GrowingEntry | undefined
  /** All entries of a directory; throws `not-directory`. */
  list: (path: readonly Name[]) => readonly GrowingEntry[]
}

/** A directory has no CID before all below it is settled; `pending` is a regular file whose bytes are not here, in a list. */
export type GrowingEntry =
  | { readonly name: Name; readonly kind: 'pending' }
  | {
      readonly name: Name
      readonly kind: 'directory'
      readonly info: NodeInfo
      readonly facts: NodeFacts
    }
  | { readonly name: Name; readonly kind: 'content'; readonly link: ContentLink }
