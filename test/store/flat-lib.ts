import { randomBytes } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Multihash } from '../../src/base/blocks.ts'
import type { Database } from '../../src/base/database.ts'
import type { BlockStore } from '../../src/store/api.ts'
import type { LeafTable } from '../../src/store/flat-description.ts'
import type { TestHome } from './lib.ts'

/** The leaves of a file that is these pieces, one after the other. */
export function tableOf(pieces: readonly Uint8Array[]): LeafTable {
  return {
    multihashes: Buffer.concat(pieces.map(sha256Multihash)),
    lengths: Float64Array.from(pieces.map(({ length }) => length))
  }
}

/** Random pieces, and the file of the home that they are. */
export function makePieces(home: TestHome, name: string, count = 3, bytes = 5000) {
  const pieces = Array.from({ length: count }, () => randomBytes(bytes))
  const path = join(home.home, name)
  writeFileSync(path, Buffer.concat(pieces))
  return { path, pieces, leaves: tableOf(pieces) }
}

/** Adopts and indexes, as one that gives a draft up does. */
export function adoptNow(
  { store, database }: { store: BlockStore; database: Database },
  file: { path: string; leaves: LeafTable }
): void {
  const adoption = store.adopt(file)
  database.write(() => adoption.index(), { durable: true })
}

/** Files of flat segments in the folder, by what they end in. */
export function flatFiles(home: TestHome): { flat: string[]; leaves: string[]; lock: string[] } {
  const ending = (end: string) =>
    readdirSync(home.segments)
      .filter(name => name.endsWith(end))
      .map(name => join(home.segments, name))
  return { flat: ending('.flat'), leaves: ending('.leaves'), lock: ending('.flat.lock') }
}

export function sameFile(one: string, other: string): boolean {
  return statSync(one).ino === statSync(other).ino
}
