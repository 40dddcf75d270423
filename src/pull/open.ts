import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BlockReader, BlockWriter } from '../base/blocks.ts'
import type { Clock } from '../base/clock.ts'
import type { UnixfsReader, UnixfsWriter } from '../unixfs/api.ts'
import type { Adapter } from './adapter.ts'
import { Again } from './again.ts'
import type { Catalog, FetchUpstream, Log, Pull } from './api.ts'
import type { PullPeers } from './ask-peers.ts'
import { Deriving } from './derive.ts'
import { Engine } from './engine.ts'
import type { InUse } from './in-use.ts'
import { TakingOver } from './takeover/taking-over.ts'

export interface PullOptions {
  readonly catalog: Catalog
  readonly blocks: BlockReader & BlockWriter
  readonly reader: UnixfsReader
  readonly writer: UnixfsWriter
  /** Folder for downloads in progress; made if need be, and emptied: what lies there is of a process that died. */
  readonly flights: string
  readonly adapters: readonly Adapter[]
  readonly fetchUpstream: FetchUpstream
  /** Who else may have what an upstream has. */
  readonly peers?: PullPeers
  readonly clock: Clock
  readonly log: Log
  /** Shared with others that read items, where items may be dropped by the budget meanwhile. */
  readonly inUse?: InUse
  /** Tests make them short. */
  readonly patience?: Partial<Patience>
}

/** How long the engine waits for an upstream, in milliseconds. */
export interface Patience {
  /** For the head of an answer, further requests and the pauses before them included; for each resumption again. */
  readonly headMs: number
  /** For the head of an answer when an older version could be served instead. */
  readonly staleHeadMs: number
  /** Between two pieces of a body. */
  readonly idleMs: number
  /** For a new version of a document and what it names, when the one before could be served instead. */
  readonly takeoverMs: number
  /** Before the first retry; doubled before each further one. */
  readonly backOffMs: number
}

/** The pull-through engine over a catalog and a store; one a home, in one process. */
export function openPull(options: PullOptions): Pull {
  mkdirSync(options.flights, { recursive: true })
  for (const name of readdirSync(options.flights)) rmSync(join(options.flights, name))
  const engine = new Engine(options)
  const inner = new TakingOver(options, engine, new Deriving(options, engine))
  return new Again(options, engine.answers, inner)
}
