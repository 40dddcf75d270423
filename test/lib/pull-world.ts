import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accessMigrations } from '../../src/access/schema.ts'
import type { Clock } from '../../src/base/clock.ts'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { homePaths } from '../../src/base/home.ts'
import type { Adapter, Classification } from '../../src/pull/adapter.ts'
import type { Catalog, FetchUpstream, Log, Pull, PullAnswer } from '../../src/pull/api.ts'
import type { PullPeers } from '../../src/pull/ask-peers.ts'
import { openCatalog } from '../../src/pull/catalog.ts'
import { openFetchUpstream } from '../../src/pull/fetch-upstream.ts'
import { openPull, type Patience } from '../../src/pull/open.ts'
import { registryMigrations } from '../../src/pull/registry/schema.ts'
import { catalogMigrations } from '../../src/pull/schema.ts'
import type { BlockStore } from '../../src/store/api.ts'
import { openBlockStore } from '../../src/store/open.ts'
import { storeMigrations } from '../../src/store/schema.ts'
import type { UnixfsReader, UnixfsWriter } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { type FakeOrigin, openFakeOrigin } from './fake-origin.ts'

/** Database, store, UnixFS and the engine, as the daemon puts them together, in a folder of its own. */
export interface PullWorld {
  readonly home: string
  readonly clock: Clock & { nowMs: () => number; advance: (ms: number) => void }
  readonly database: Database
  readonly catalog: Catalog
  readonly store: BlockStore
  readonly reader: UnixfsReader
  readonly writer: UnixfsWriter
  readonly pull: Pull
  readonly fetchUpstream: FetchUpstream
  readonly log: Log
  readonly warnings: Array<{ facts: object; message: string }>
  close: () => Promise<void>
  /** `close`, and the folder goes. */
  remove: () => Promise<void>
}

export interface WorldOptions {
  readonly home?: string
  readonly adapters?: readonly Adapter[]
  readonly patience?: Partial<Patience>
  readonly peers?: PullPeers
  /** Stands between the engine and its upstreams. */
  readonly wrapFetch?: (fetchUpstream: FetchUpstream, clock: Clock) => FetchUpstream
}

/** Long enough that a loaded machine is never taken for a broken upstream. */
export const shortPatience: Patience = {
  headMs: 20_000,
  staleHeadMs: 20_000,
  idleMs: 20_000,
  takeoverMs: 20_000,
  backOffMs: 1
}

/** For upstreams that fall silent, and only those. */
export const noPatience: Patience = { ...shortPatience, staleHeadMs: 200, idleMs: 200 }

export function openPullWorld(options: WorldOptions = {}): PullWorld {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'cairn-pull-'))
  const paths = homePaths(home)
  mkdirSync(paths.segments, { recursive: true })
  const database = openDatabase(paths.database, {
    migrations: [
      ...accessMigrations,
      ...storeMigrations,
      ...catalogMigrations,
      ...registryMigrations
    ]
  })
  const catalog = openCatalog(database)
  const store = openBlockStore({ segments: paths.segments, database })
  const reader = openUnixfsReader(store)
  const writer = openUnixfsWriter(store, profiles['unixfs-v1-2025'])
  const plainFetch = openFetchUpstream()
  const warnings: PullWorld['warnings'] = []
  let skippedMs = 0
  const clock = {
    nowMs: () => Date.now() + skippedMs,
    advance: (ms: number) => {
      skippedMs += ms
    }
  }
  const log: Log = {
    info: () => {},
    warn: (facts, message) => void warnings.push({ facts, message })
  }
  const fetchUpstream = options.wrapFetch?.(plainFetch, clock) ?? plainFetch
  const pull = openPull({
    catalog,
    blocks: store,
    reader,
    writer,
    flights: paths.flights,
    adapters: options.adapters ?? [],
    fetchUpstream,
    ...(options.peers === undefined ? {} : { peers: options.peers }),
    clock,
    log,
    patience: options.patience ?? shortPatience
  })
  const close = async (): Promise<void> => {
    await pull.close()
    plainFetch.close()
    store.close()
    database.close()
  }
  const remove = async (): Promise<void> => {
    await close()
    rmSync(home, { recursive: true, force: true })
  }
  return {
    home,
    clock,
    database,
    catalog,
    store,
    reader,
    writer,
    pull,
    fetchUpstream,
    log,
    warnings,
    close,
    remove
  }
}

/** What a test asks for: immutable unless it says otherwise. */
export function wantedItem(
  origin: { url: string },
  path: string,
  more: Partial<Classification> = {}
): Classification {
  return {
    key: `fake/${path}`,
    url: `${origin.url}${path}`,
    freshness: { kind: 'immutable' },
    mediaType: 'application/octet-stream',
    ...more
  }
}

export async function bodyOf(
  answer: PullAnswer,
  range?: { start: number; end: number }
): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of answer.body(range)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

/** The body of an answer that is arriving. */
export function arriving(answer: PullAnswer): AsyncIterator<Uint8Array> {
  const body = answer.body()
  if (!(Symbol.asyncIterator in body)) throw new Error(`${answer.key} is all here`)
  return body[Symbol.asyncIterator]()
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 2))
}

/** A world and an upstream for one test; both go with it. */
export async function setUpPull(
  t: { teardown: (work: () => Promise<void>) => void },
  options: WorldOptions = {}
): Promise<{ world: PullWorld; origin: FakeOrigin }> {
  const origin = await openFakeOrigin()
  const world = openPullWorld(options)
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  return { world, origin }
}
