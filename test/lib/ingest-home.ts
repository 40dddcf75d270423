import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { WriteLock } from '../../src/base/write-lock.ts'
import type { Ingest } from '../../src/ingest/api.ts'
import { openIngest } from '../../src/ingest/open.ts'
import type { BlockStore } from '../../src/store/api.ts'
import { openBlockStore } from '../../src/store/open.ts'
import { storeMigrations } from '../../src/store/schema.ts'
import type { UnixfsReader } from '../../src/unixfs/api.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { seededBytes } from './deterministic.ts'

/** A real store in a folder of its own, and an ingest with hash threads over it. */
export interface IngestHome {
  readonly folder: string
  readonly database: Database
  readonly store: BlockStore
  readonly reader: UnixfsReader
  readonly ingest: Ingest
  readonly close: () => Promise<void>
}

export function openIngestHome(
  threads: number,
  folder = makeFolder(),
  caller: 'works' | 'waits' = 'works'
): IngestHome {
  const path = join(folder, 'cairn.db')
  const segments = join(folder, 'segments')
  const writeLock = new WriteLock()
  const database = openDatabase(path, { migrations: storeMigrations, writeLock })
  const store = openBlockStore({ segments, database })
  const place = { database: path, segments, writeLock: writeLock.memory }
  const ingest = openIngest({ blocks: store, store: place, threads, caller })
  const close = async (): Promise<void> => {
    await ingest.close()
    store.close()
    database.close()
    rmSync(folder, { recursive: true })
  }
  return { folder, database, store, reader: openUnixfsReader(store), ingest, close }
}

export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'cairn-ingest-'))
}

/** A folder that is gone when the test ends. */
export function scratch(t: Test): string {
  const folder = makeFolder()
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Enough files, small and large, that threads take part. */
export function makeTree(folder: string): void {
  const bytes = seededBytes(40 * 1024 * 1024, 'tree')
  for (let index = 0; index < 900; index++) {
    const below = join(folder, `d${index % 7}`, `e${index % 3}`)
    mkdirSync(below, { recursive: true })
    writeFileSync(join(below, `file-${index}`), bytes.subarray(index, index * 5))
  }
  writeFileSync(join(folder, 'large'), bytes)
  writeFileSync(join(folder, 'middling'), bytes.subarray(0, 3 * 1024 * 1024 + 17))
  mkdirSync(join(folder, 'empty'))
  symlinkSync('../nowhere at all', join(folder, 'link'))
}
