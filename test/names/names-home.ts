import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { openDatabase } from '../../src/base/database.ts'
import type { BlockSource, NameSource } from '../../src/base/name-source.ts'
import { toName } from '../../src/base/names.ts'
import type { Names } from '../../src/names/api.ts'
import type { ResolveDnslink } from '../../src/names/dnslink.ts'
import { DagFetcher } from '../../src/names/fetch-dag.ts'
import { openNames } from '../../src/names/open.ts'
import { Refresher } from '../../src/names/refresh.ts'
import { namesMigrations } from '../../src/names/schema.ts'
import { openRoots } from '../../src/roots/open.ts'
import { rootsMigrations } from '../../src/roots/schema.ts'
import { openBlockStore } from '../../src/store/open.ts'
import { storeMigrations } from '../../src/store/schema.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'

export const day = 86_400_000
export const lifetimeMs = 2 * day

/** One machine's names over a database and a store of its own; `time.nowMs` is what its clock shows. */
export function makeNames(t: Test, time = { nowMs: Date.UTC(2026, 10, 21) }, at?: string) {
  const folder = at ?? mkdtempSync(join(tmpdir(), 'cairn-names-'))
  const clock = { nowMs: () => time.nowMs }
  const database = openDatabase(join(folder, 'cairn.db'), {
    migrations: [...rootsMigrations, ...namesMigrations, ...storeMigrations]
  })
  const segments = join(folder, 'segments')
  mkdirSync(segments, { recursive: true })
  const store = openBlockStore({ segments, database })
  const roots = openRoots(database, clock)
  const secret = () => ({ kind: 'file', bytes: Buffer.alloc(32, 1) }) as const
  const names = openNames({ database, roots, clock, secret })
  const reader = openUnixfsReader(store)
  let open = true
  const close = () => {
    if (!open) return
    open = false
    store.close()
    database.close()
  }
  t.teardown(() => {
    close()
    if (at === undefined) rmSync(folder, { recursive: true, force: true })
  })
  return { folder, time, database, store, roots, names, reader, close }
}

export type Machine = ReturnType<typeof makeNames>

/** What a machine has, as another asks it. */
export function sourceOf({
  names,
  store
}: Pick<Machine, 'names' | 'store'>): NameSource & BlockSource {
  return {
    label: 'the other machine',
    ask: async name => {
      const held = names.record(name)
      return held === undefined ? [] : [held.bytes]
    },
    fetch: async cid =>
      store.has(cid.multihash.bytes) ? store.read(cid.multihash.bytes) : undefined
  }
}

export function refresherOf(
  { names, store, reader }: Pick<Machine, 'names' | 'store' | 'reader'>,
  sources: ReadonlyArray<NameSource & BlockSource>,
  dnslink?: ResolveDnslink
): Refresher {
  const fetcher = new DagFetcher({ store, reader, sources })
  return new Refresher({ names, sources, dnslink, fetcher })
}

/** A folder with one file of the text, in the machine's store. */
export function addFolder({ store }: Machine, text: string) {
  const writer = openUnixfsWriter(store, profiles['unixfs-v1-2025'])
  const file = writer.file()
  file.write(Buffer.from(text))
  const node = writer.directory([{ ...file.finish(), name: toName('file') }])
  store.flush()
  return makeCid(node.codec, node.multihash, node.cidVersion)
}

/** The CID of text that is in no store. */
export function cidOf(text: string) {
  return makeCid(codec.raw, sha256Multihash(Buffer.from(text)))
}

export const never = new AbortController().signal
/** Of a CID that stands still. */
export const still = { path: undefined, lifetimeMs, settle: false }

/** A publisher with a folder, and a follower who asks it. */
export function pair(t: Test) {
  const publisher = makeNames(t)
  const follower = makeNames(t, publisher.time)
  const { name } = publisher.names.keys.create('blog')
  const first = addFolder(publisher, 'first')
  publisher.names.publish('blog', { ...still, cid: first })
  const source = sourceOf(publisher)
  return { publisher, follower, name, first, source, time: publisher.time }
}

/** The CID that a followed name shows. */
export function shownAt(names: Names, name: string): string | undefined {
  const place = names.find(name)?.place
  return place?.kind === 'cid' ? place.cid.toString() : undefined
}
