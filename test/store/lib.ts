import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Clock } from '../../src/base/clock.ts'
import { type Database, openDatabase } from '../../src/base/database.ts'
import type { BlockStore } from '../../src/store/api.ts'
import { openBlockStore } from '../../src/store/open.ts'
import { storeMigrations } from '../../src/store/schema.ts'

export interface TestHome {
  readonly home: string
  readonly segments: string
  readonly databasePath: string
  remove: () => void
}

/** A folder for one store, below `within`. */
export function makeHome(within: string = tmpdir()): TestHome {
  const home = mkdtempSync(join(within, 'cairn-store-'))
  return {
    home,
    segments: join(home, 'segments'),
    databasePath: join(home, 'cairn.db'),
    remove: () => rmSync(home, { recursive: true, force: true })
  }
}

/** A store as a thread or a process has it: on a connection of its own, which `end` closes too. */
export function openStore(
  home: Pick<TestHome, 'segments' | 'databasePath'>,
  options: { segmentBytes?: number; clock?: Clock } = {}
): {
  store: BlockStore
  database: Database
  end: () => void
} {
  const database = openDatabase(home.databasePath, { migrations: storeMigrations })
  const store = openBlockStore({ segments: home.segments, database, ...options })
  return {
    store,
    database,
    end() {
      store.close()
      database.close()
    }
  }
}

/** Bytes that differ for every number, and are the same for the same one. */
export function bytesOf(number: number, length = 100): Buffer {
  const bytes = Buffer.alloc(length, `block ${number} `)
  return bytes
}

/** A file system of a few megabytes, in memory. */
export function mountSmall(t: Test, megabytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  t.teardown(() => {
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true })
  })
  return folder
}
