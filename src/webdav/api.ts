import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { CairnError, Want } from '../base/errors.ts'
import type { Name } from '../base/names.ts'
import type { Caller, Tree } from '../vfs/api.ts'
import type { Mfs } from '../vfs/mfs/api.ts'
import type { Dates } from './dates.ts'
import type { DeadProperties } from './dead-properties.ts'
import type { Hold } from './hold.ts'
import type { Locks } from './locks.ts'
import type { DavPath } from './path.ts'
import type { Pieces } from './pieces.ts'
import type { View } from './view.ts'
import type { Visited } from './visited.ts'

/**
 * The WebDAV door: `/dav/mfs/` to read and write, `/dav/ipfs/`, `/dav/ipns/` and `/dav/pkg/`
 * to read; what of `/dav/ipns/` is published out of /mfs is written to as that is.
 * Classes 1, 2 and 3 of https://www.rfc-editor.org/rfc/rfc4918
 *
 * A **resource** is what a path leads to: an inode of a tree, or one of the folders above the trees.
 * A request holds what it looked up until it is answered. Locks belong to paths, dead properties to
 * inodes; both are rows of the home's database, so each change of a file, its locks and its
 * properties is one transaction.
 */
export interface WebdavOptions {
  readonly trees: DavTrees
  /** Has `webdavMigrations`; the trees' own. */
  readonly database: Database
  readonly clock: Clock
  /** Gets what an operation lacked, so that it can be done again. Throws if it cannot be had. */
  readonly satisfy: (want: Want, signal: AbortSignal) => Promise<void>
  /** The folder of /mfs that a name in `/dav/ipns` is, if it is one. */
  readonly namesInMfs: (name: Name) => readonly Name[] | undefined
  /** Owns what is made. */
  readonly owner: Caller
  /** Told what failed that was no fault of the client's. */
  readonly faulted: (error: CairnError, target: string) => void
}

export interface DavTrees {
  readonly mfs: Mfs
  readonly ipfs: Tree
  readonly ipns: Tree
  readonly pkg: Tree
}

/** What the methods share, as one user sees it. */
export interface Dav extends WebdavOptions {
  readonly view: View
  /** Names that it makes are given in their composed form (NFC): Finder sends others than people type. */
  readonly composes: boolean
  readonly locks: Locks
  readonly properties: DeadProperties
  readonly visited: Visited
  readonly dates: Dates
  readonly pieces: Pieces
}

/** One request under way. */
export interface Exchange {
  readonly dav: Dav
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
  /** In the tree's names. */
  readonly path: DavPath
  readonly hold: Hold
}

export type Method = (exchange: Exchange) => Promise<void>
