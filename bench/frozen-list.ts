/**
 * What a listing of 14,000 small files with their attributes costs below the FUSE door, in
 * microseconds an entry: nothing known, then the inodes still known though all were forgotten.
 * Run it by itself: `node bench/frozen-list.ts`; with `--cpu-prof` it shows where the time goes.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCid } from '../src/base/blocks.ts'
import { openDatabase } from '../src/base/database.ts'
import { toName } from '../src/base/names.ts'
import { openBlockStore } from '../src/store/open.ts'
import { storeMigrations } from '../src/store/schema.ts'
import type { DirectoryLink } from '../src/unixfs/api.ts'
import { profiles } from '../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../src/unixfs/writer.ts'
import type { Ino } from '../src/vfs/api.ts'
import { diskStatistics } from '../src/vfs/frozen/disk-statistics.ts'
import { InodeTable } from '../src/vfs/frozen/inode-table.ts'
import { openIpfsTree } from '../src/vfs/frozen/ipfs-tree.ts'

const files = 14_000
const rounds = 5
/** As many entries as fit into one answer of the kernel's protocol. */
const pageEntries = 800

const home = mkdtempSync(join(tmpdir(), 'cairn-frozen-list-'))
const database = openDatabase(join(home, 'cairn.db'), { migrations: storeMigrations })
const segments = join(home, 'segments')
const blocks = openBlockStore({ segments, database })
try {
  for (const [what, mode] of [
    ['raw files', undefined],
    ['files with mode', 0o644]
  ] as const) {
    const cid = writeFolder(mode)
    for (let round = 0; round < rounds; round++) measure(what, cid)
  }
} finally {
  blocks.close()
  database.close()
  rmSync(home, { recursive: true })
}

function writeFolder(mode: number | undefined): string {
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const links = Array.from({ length: files }, (_, index): DirectoryLink => {
    const file = writer.file()
    file.write(Buffer.from(`the content of file ${index}`))
    const node = file.finish(mode === undefined ? {} : { mode })
    return { name: toName(`file-${index}.txt`), ...node }
  })
  const { codec, multihash } = writer.directory(links)
  blocks.flush()
  return makeCid(codec, multihash).toString()
}

function measure(what: string, cid: string): void {
  const inodes = new InodeTable()
  const reader = openUnixfsReader(blocks)
  const statistics = () => diskStatistics(segments)
  const together = (listing: () => void): void => database.read(listing)
  const tree = openIpfsTree({ reader, inodes, owner: { uid: 0, gid: 0 }, together, statistics })
  const folder = tree.lookup(tree.root, toName(cid)).ino
  const list = (): void => {
    const taken: Ino[] = []
    for (let cookie = 0, more = true; more; ) {
      let left = pageEntries
      more = false
      tree.readDirectory(folder, { cookie, withAttributes: true }, entry => {
        more = left === 0
        if (left-- === 0) return false
        taken.push(entry.ino)
        cookie = entry.cookie
        return true
      })
    }
    for (const ino of taken) tree.forget(ino, 1)
  }
  console.log(`${what}: unknown ${cost(list)} µs an entry, known ${cost(list)} µs`)
}

function cost(work: () => void): string {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return ((user + system) / files).toFixed(2)
}
