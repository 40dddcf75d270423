import type { CID } from 'multiformats/cid'
import type { BlockReader, BlockWriter } from '../../base/blocks.ts'
import type { Clock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'
import type { Name } from '../../base/names.ts'
import type { HistoryEntry, Roots } from '../../roots/api.ts'
import type { Adoption } from '../../store/api.ts'
import type { Node, UnixfsReader, UnixfsWriter } from '../../unixfs/api.ts'
import type { Attributes, Caller, Ino, WritableTree } from '../api.ts'
import type { MfsChange } from './announce.ts'
import type { PathRestore } from './restore-path.ts'

/**
 * The mutable tree of one root. Every thread and process opens its own over the same database and
 * drafts folder; what an instance caches is either immutable or checked against the database first.
 */
export interface Mfs extends WritableTree {
  /**
   * Turns what was written since the last seal into blocks and advances the root. Files open for
   * writing go in as they are and stay drafts. Yields to the event loop between pieces of work.
   * Throws `aborted`, `no-space`, `missing`: then all that was written is still there, unsealed.
   */
  seal: (options?: SealOptions) => Promise<SealResult>
  /** `seal` with a reason for the history. */
  snapshot: (reason: string, options?: { signal?: AbortSignal }) => Promise<SealResult>
  /** Where the root stood, newest first. */
  history: (options?: { limit?: number }) => HistoryEntry[]
  /** True if a `seal` would have something to do; with a path, at it or below. */
  isDirty: (path?: readonly Name[]) => boolean
  /** Replaces everything by the content of a directory CID, unfolded by nobody: cheap. Seals first. */
  restore: (cid: CID, options?: { signal?: AbortSignal }) => Promise<SealResult>
  /**
   * Puts what a directory CID has at a path in place of what is there now, as cheaply, and seals.
   * Throws `not-found`, also if the folder it was in is not there now.
   */
  restorePath: (what: PathRestore) => Promise<SealResult>
  /**
   * A regular file without a name, open for writing; counts as a lookup. Released and forgotten
   * before it was adopted, or after a crash, nothing of it remains.
   */
  stageFile: (mode: number, caller: Caller) => Attributes
  /**
   * Names a staged file, at once and wholly: a file that had the name gives way and hands on mode,
   * owner and extended attributes. Throws `is-directory`.
   */
  adoptFile: (ino: Ino, parent: Ino, name: Name) => Attributes
  /**
   * A copy that shares content; a sealed tree costs a row. Counts as a lookup. Drafts, and the
   * directories above them, are copied one by one. Throws `exists`, `missing`, `invalid` (into itself).
   */
  clone: (ino: Ino, parent: Ino, name: Name, options: CloneOptions) => Attributes
  /**
   * Gives the content of a CID a new name, for a row; nothing below its root need be here yet. Counts as
   * a lookup. Throws `exists`, `missing`.
   */
  graft: (cid: CID, parent: Ino, name: Name, caller: Caller) => Attributes
  /** Unlinks a name with all that is below it, in one transaction. */
  removeTree: (parent: Ino, name: Name) => void
  /**
   * Resolves when whoever hears of changes (`onChange`) has heard of those made since the last call, or
   * after a second: call it in the turn of the event loop that made them.
   */
  told: () => Promise<void>
  /** What tells one state of an inode's content from another; of attributes read just before. */
  validators: (attributes: Attributes) => Validators
}

export interface Validators {
  /** There is one while the content is sealed as it is. */
  readonly cid: string | undefined
  /** A word that differs whenever a file's bytes do; sealing does not change it. */
  readonly version: string
}

export interface CloneOptions {
  /** Owns the copy. */
  readonly caller: Caller
  /** False: of a directory, only itself. */
  readonly members: boolean
  /** What a door keeps beside inodes, to be copied inside the transaction. */
  readonly carry?: {
    readonly has: (ino: Ino) => boolean
    readonly copy: (from: Ino, to: Ino) => void
  }
}

export interface SealOptions {
  readonly reason?: string
  readonly signal?: AbortSignal
}

export interface SealResult {
  readonly cid: CID
}

export interface MfsOptions {
  readonly database: Database
  /** Folder of the drafts; must exist. */
  readonly drafts: string
  /**
   * Whether doors may hand the drafts that are files to others (`plainFiles`); default false. The same for
   * all instances of a process. Writing to one by calls costs an open more.
   */
  readonly sharesDrafts?: boolean
  readonly blocks: BlockReader & BlockWriter
  readonly unixfs: { readonly reader: UnixfsReader; readonly writer: UnixfsWriter }
  readonly roots: Roots
  readonly clock: Clock
  /** The root it advances: `mfs`. */
  readonly rootName: string
  /** Whether mode and mtime go into the blocks (UnixFS 1.5). */
  readonly metadata: boolean
  /** Owner of what came from blocks, which know none. */
  readonly owner: { readonly uid: number; readonly gid: number }
  /** From `mfsSharedMemory`, the same for all instances of a process. */
  readonly shared?: SharedArrayBuffer
  /**
   * Told of every change made through this instance that a kernel may have cached: by the one of which
   * other doors write. Called after the commit; must not throw. Resolves when the kernel has forgotten it, and never rejects.
   */
  readonly onChange?: (change: MfsChange) => Promise<void>
  /**
   * Stores a file of this machine as blocks by several threads. For large drafts that nobody writes to;
   * without it the thread that seals hashes them. Throws `conflict` if the file changed meanwhile, `not-found`, `aborted`.
   */
  readonly importFile?: (path: string, options: ImportFileOptions) => Promise<ImportedFile>
  /** Set by whoever starts the process that owns the home, once, before other instances are open. */
  readonly recover?: boolean
}

export interface ImportFileOptions {
  /** Whether the file itself may become part of the store, see `ImportedFile`. */
  readonly adopt: boolean
  readonly signal: AbortSignal | undefined
}

export interface ImportedFile {
  /** Without metadata. */
  readonly node: Node
  /**
   * The file is to be a part of the store: to be indexed in the transaction that gives up the draft, or
   * abandoned; until then its leaves are not here. Without one all of them are, and survive a power cut.
   */
  readonly adoption?: Adoption | undefined
}
