import { rmSync, writeFileSync } from 'node:fs'
import { type Multihash, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import type { Clock } from '../../src/base/clock.ts'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { cidTextColumn, type Reference } from '../../src/base/references.ts'
import { type CollectReport, collectGarbage } from '../../src/store/collect/collect-garbage.ts'
import { openBlockStore } from '../../src/store/open.ts'
import { storeMigrations } from '../../src/store/schema.ts'
import { linkLeaves } from '../../src/unixfs/build-file.ts'
import { dagLinks } from '../../src/unixfs/dag-links.ts'
import { Leaves } from '../../src/unixfs/leaves.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import type { TestHome } from './lib.ts'

const MiB = 1024 * 1024

const migrations = [
  ...storeMigrations,
  { owner: 'test', version: 1, sql: 'CREATE TABLE names (name TEXT PRIMARY KEY, cid TEXT)' }
]

export const references: readonly Reference[] = [cidTextColumn('names')]

/** Small, so that a test has many. */
export const segmentBytes = 256 * 1024

/** A store with names that are its roots, as one process has it. */
export function openNamed(home: TestHome, clock?: Clock) {
  const database = openDatabase(home.databasePath, { migrations })
  const store = openBlockStore({
    segments: home.segments,
    database,
    segmentBytes,
    ...(clock === undefined ? {} : { clock })
  })
  const writer = openUnixfsWriter(store, profiles['unixfs-v1-2025'])
  const reader = openUnixfsReader(store)
  return {
    database,
    store,
    writer,
    /** A file's CID, flushed, with no name. */
    write(bytes: Uint8Array): string {
      const builder = writer.file()
      builder.write(bytes)
      const node = builder.finish()
      store.flush()
      return makeCid(node.codec, node.multihash).toString()
    },
    /** A file of its own becomes blocks as it is, and gets a name in the same transaction. */
    adopt(name: string, path: string, bytes: Uint8Array): string {
      const leaves = new Leaves()
      for (let at = 0; at < bytes.length; at += MiB) {
        const chunk = bytes.subarray(at, at + MiB)
        leaves.push(sha256Multihash(chunk), chunk.length, chunk.length)
      }
      writeFileSync(path, bytes)
      const node = linkLeaves(store, profiles['unixfs-v1-2025'], leaves)
      const { multihashes, sizes } = leaves.pack()
      const lengths = sizes.filter((_, index) => index % 2 === 0)
      store.flush({ durable: true })
      const adoption = store.adopt({ path, leaves: { multihashes, lengths } })
      const cid = makeCid(node.codec, node.multihash).toString()
      database.write(
        () => {
          adoption.index()
          this.name(name, cid)
        },
        { durable: true }
      )
      rmSync(path)
      return cid
    },
    name(name: string, cid: string): void {
      database.write(() =>
        database.statement('INSERT OR REPLACE INTO names VALUES (?, ?)').run(name, cid)
      )
    },
    unname(name: string): void {
      database.write(() => database.statement('DELETE FROM names WHERE name = ?').run(name))
    },
    named(name: string): string | undefined {
      return database.statement('SELECT cid FROM names WHERE name = ?').get(name)?.cid as
        | string
        | undefined
    },
    read(codec: number, multihash: Multihash, bytes: number): Buffer {
      const whole = Buffer.alloc(bytes)
      let at = 0
      for (let got = -1; got !== 0 && at < bytes; at += got) {
        got = reader.readFile(codec, multihash, whole.subarray(at), at)
      }
      return whole.subarray(0, at)
    },
    end(): void {
      store.close()
      database.close()
    }
  }
}

export function collect(
  home: TestHome,
  database: Database,
  options: { dryRun?: boolean; signal?: AbortSignal } = {}
): Promise<CollectReport> {
  return collectGarbage({
    segments: home.segments,
    database,
    references,
    linksOf: dagLinks,
    segmentBytes,
    ...options
  })
}
