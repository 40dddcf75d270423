import type { CID } from 'multiformats/cid'
import type { BlockWriter } from '../base/blocks.ts'
import type { Node, ProfileName } from '../unixfs/api.ts'
import type { PackedLeaves } from '../unixfs/leaves.ts'

/**
 * Bytes from outside become UnixFS DAGs: files and folders of this machine, streams, archives.
 * What is small is done in the calling thread; beyond that, hash threads read, hash and append by
 * themselves, each with its own connection and segment. The profile, the bytes and the metadata
 * decide the CID; the number of threads never does.
 */
export interface Ingest {
  /**
   * A file, a folder with all below it, or a symlink (kept as one, never followed). Sockets, fifos
   * and devices are left out and named in `warnings`. Throws `not-found` or `denied` naming the
   * path, `conflict` if a file changed while it was read, `aborted`; what was stored by then stays
   * as blocks that no root names.
   */
  importPath: (path: string, options: ImportPathOptions) => Promise<Imported>
  /** One file of all the bytes of a stream. */
  importStream: (
    stream: AsyncIterable<Uint8Array>,
    options: ImportStreamOptions
  ) => Promise<Imported>
  /**
   * The tree within a tar archive, not compressed. Throws `invalid` on a damaged archive, `unsupported`
   * on entries that are stored sparse or belong to an incremental or multi-volume dump, and as `importEntries`.
   */
  importTar: (archive: AsyncIterable<Uint8Array>, options: ImportOptions) => Promise<Imported>
  /**
   * A tree given entry by entry, in any order; a later entry replaces an earlier one of its path.
   * Throws `invalid` on a path that is absolute, has a `..` or leads through a symlink, and on a link
   * to nothing; `out-of-range` beyond `limits.unpackedEntries` entries or directories.
   */
  importEntries: (entries: AsyncIterable<TreeEntry>, options: ImportOptions) => Promise<Imported>
  /**
   * The leaves of a file that a profile cuts at fixed lengths, in order; nothing is stored. Throws `invalid` for another profile, and as `importPath`.
   */
  hashFile: (
    path: string,
    options: { readonly profile: ProfileName; readonly signal?: AbortSignal }
  ) => Promise<PackedLeaves>
  /** Ends the hash threads. Imports under way fail with `aborted`. */
  close: () => Promise<void>
}

export interface IngestOptions {
  /** Takes what is made in the calling thread: small input, directories, symlinks. Flushed before an import returns. */
  readonly blocks: BlockWriter
  /** How hash threads reach the same store. Without it everything happens in the calling thread. */
  readonly store?: StorePlace
  /** Threads that hash, at most; by default one a core. They are started when there is work for them. */
  readonly threads?: number
  /**
   * What part the calling thread takes in a large import. `works`: it is one of the threads, a few
   * milliseconds at a time (the default: a command that only waits for its import). `waits`: it does
   * what is small and helps until the threads are up, and has its time for others (a daemon).
   */
  readonly caller?: 'works' | 'waits'
  /** The hash threads take what processor time others leave: for work that nobody waits for. */
  readonly background?: boolean
}

export interface StorePlace {
  /** Path of the home's database. */
  readonly database: string
  /** Folder of the segments. */
  readonly segments: string
  /** `WriteLock.memory` of this process. */
  readonly writeLock?: SharedArrayBuffer
  /** As in `DatabaseOptions`. */
  readonly checkpoints?: 'background' | 'automatic'
}

export interface ImportOptions {
  readonly profile: ProfileName
  /** True to record mode and mtime (UnixFS 1.5). False keeps the CID that of the bare bytes and names. */
  readonly metadata: boolean
  /** Computes the CID and stores nothing. */
  readonly onlyHash?: boolean
  /** The blocks survive a power cut when the import returns. */
  readonly durable?: boolean
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
}

export type ImportPathOptions = ImportOptions

export interface ImportStreamOptions extends ImportOptions {
  /** Recorded when `metadata` is true. */
  readonly mode?: number
  readonly mtimeSeconds?: number
}

export interface Progress {
  readonly files: number
  readonly bytes: number
  /** Files found so far; all of them once `complete`. */
  readonly filesFound: number
  /** Bytes to do, where that is known before they are read: a single file. */
  readonly totalBytes: number | undefined
  /** True once everything to do has been found. */
  readonly complete: boolean
}

/** What there is now, hard links each as a file: of an archive, not what it had twice. */
export interface Imported {
  readonly cid: CID
  readonly node: Node
  readonly profile: ProfileName
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  /** Bytes of all files added up. */
  readonly bytes: number
  /** What was left out, each a sentence naming the path. */
  readonly warnings: readonly string[]
}

/** One entry of an archive. Its paths are bytes, one character a byte (latin1), as `Name` is. */
export interface TreeEntry {
  /** Slash-separated and relative. */
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink' | 'link'
  readonly mode: number
  readonly mtimeSeconds: number
  readonly mtimeNanoseconds?: number
  /** Target of a symlink, or path within the tree of a hard link. */
  readonly target?: string
  /** Of a file: read to its end before the next entry is asked for. */
  readonly content?: AsyncIterable<Uint8Array>
}

/**
 * The other way is `exportPath` (export-path.ts) and `exportTar` (export-tar.ts), functions over a
 * `UnixfsReader`.
 */
export interface ExportOptions {
  /** Replaces what stands in the way; otherwise that is `exists` and nothing is written. */
  readonly overwrite?: boolean
  readonly onProgress?: (progress: { files: number; bytes: number }) => void
  readonly signal?: AbortSignal
}

export interface ExportResult {
  readonly files: number
  readonly directories: number
  readonly symlinks: number
  readonly bytes: number
}

export interface ExportTarOptions extends Omit<ExportOptions, 'overwrite'> {
  /** What the root is called in the archive; its CID by default. */
  readonly name?: string
}
