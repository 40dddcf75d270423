import {
  closeSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { codec, type Multihash, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { carHeader, encodeHead } from '../../src/base/car.ts'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { checkStore } from '../../src/store/check.ts'
import { takeOwnerLock } from '../../src/store/owner-lock.ts'
import { storeMigrations } from '../../src/store/schema.ts'
import { segmentName } from '../../src/store/segment-files.ts'
import { bytesOf, makeHome, openStore, type TestHome } from './lib.ts'

/** Ten blocks in two segments; the first holds the first eight. */
function homeOfTen(t: Test): TestHome {
  const home = makeHome()
  t.teardown(home.remove)
  let nowMs = 1_700_000_000_000
  const clock = { nowMs: () => nowMs++ }
  const { store, end } = openStore(home, { segmentBytes: 8500, clock })
  for (let number = 0; number < 10; number++) store.add(bytesOf(number, 1000))
  end()
  return home
}

/** Oldest first: names begin with the time of birth. */
function segmentsOf(home: TestHome): string[] {
  return readdirSync(home.segments)
    .filter(name => name.endsWith('.car'))
    .sort()
}

function openIndex(t: Test, home: TestHome): Database {
  const database = openDatabase(home.databasePath, { migrations: storeMigrations })
  t.teardown(() => database.close())
  return database
}

function forgetIndex(home: TestHome): void {
  for (const end of ['', '-wal', '-shm']) rmSync(home.databasePath + end, { force: true })
}

function overwrite(path: string, position: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, position)
  closeSync(file)
}

const cidOf = (number: number) =>
  makeCid(codec.raw, sha256Multihash(bytesOf(number, 1000))).toString()
/** Length of a head before a block of 1000 bytes: 2 of length, 2 of CID, 34 of multihash. */
const headBytes = 38
const startOf = (number: number) => carHeader.length + number * (headBytes + 1000)

t.test('a sound store has every block verified and nothing to report', async t => {
  const home = homeOfTen(t)
  t.equal(segmentsOf(home).length, 2, 'the first segment was finished')
  const seen: number[] = []
  const report = checkStore({
    segments: home.segments,
    database: openIndex(t, home),
    onProgress: (done, total) => seen.push(done, total)
  })
  t.same(report, { blocks: 10, bytes: 10_000, damaged: [], indexed: 0 })
  t.same(seen, [10, 10])
})

t.test(
  'a flipped bit, a cut file and a lost file are each reported by block, place and reason',
  async t => {
    const home = homeOfTen(t)
    const [first, second] = segmentsOf(home).map(name => join(home.segments, name))
    const database = openIndex(t, home)
    overwrite(first!, startOf(2) + headBytes + 500, Buffer.from('!'))
    truncateSync(first!, statSync(first!).size - 1)
    rmSync(second!)
    const { damaged, blocks } = checkStore({ segments: home.segments, database })
    t.equal(blocks, 10)
    const [one, other] = segmentsOf({ ...home }).concat(second!.split('/').at(-1)!)
    t.same(
      [...damaged].sort((a, b) => a.segment.localeCompare(b.segment) || a.offset - b.offset),
      [
        {
          cid: cidOf(2),
          segment: one,
          offset: startOf(2) + headBytes,
          why: 'the bytes do not have their hash'
        },
        {
          cid: cidOf(7),
          segment: one,
          offset: startOf(7) + headBytes,
          why: 'it lies after the end of its segment'
        },
        {
          cid: cidOf(8),
          segment: other,
          offset: startOf(0) + headBytes,
          why: 'its segment is not there'
        },
        {
          cid: cidOf(9),
          segment: other,
          offset: startOf(1) + headBytes,
          why: 'its segment is not there'
        }
      ]
    )
  }
)

t.test('a lost index is made anew from the segments alone', async t => {
  const home = homeOfTen(t)
  forgetIndex(home)
  const database = openIndex(t, home)
  const report = checkStore({ segments: home.segments, database, rebuildIndex: true })
  t.same(report, { blocks: 10, bytes: 10_000, damaged: [], indexed: 10 })
  const { store, end } = openStore(home, { segmentBytes: 8500 })
  for (let number = 0; number < 10; number++) {
    t.same(Buffer.from(store.read(sha256Multihash(bytesOf(number, 1000)))), bytesOf(number, 1000))
  }
  store.add(bytesOf(10, 1000))
  end()
  t.equal(segmentsOf(home).length, 2, 'the last segment is gone on with')
})

const wounds: ReadonlyArray<readonly [string, number, Uint8Array]> = [
  ['a byte of a block', startOf(3) + headBytes + 5, Buffer.from('!')],
  ['a byte of a digest', startOf(3) + 10, Buffer.from('!')],
  ['the length of a record', startOf(3), Buffer.from([0xff, 0x7f])],
  ['the version of a CID', startOf(3) + 2, Buffer.from([7])],
  ['a whole record, zeroed', startOf(3), Buffer.alloc(1038)],
  [
    'a whole record, full of marks that look like CIDs',
    startOf(3),
    Buffer.alloc(1038, Buffer.from('01551220', 'hex'))
  ]
]

for (const [name, position, bytes] of wounds) {
  t.test(`a rebuild takes all that is sound around damage: ${name}`, async t => {
    const home = homeOfTen(t)
    const [first] = segmentsOf(home)
    overwrite(join(home.segments, first!), position, bytes)
    forgetIndex(home)
    const database = openIndex(t, home)
    const report = checkStore({ segments: home.segments, database, rebuildIndex: true })
    t.match(report, { blocks: 9, indexed: 9, damaged: [{ segment: first, offset: startOf(3) }] })
    t.equal(report.damaged.length, 1)
    const { store, end } = openStore(home)
    t.equal(store.has(sha256Multihash(bytesOf(3, 1000))), false)
    store.add(bytesOf(3, 1000))
    end()
    t.same(checkStore({ segments: home.segments, database }).damaged, [])
  })
}

t.test('a file that is no segment is reported, and the others are indexed', async t => {
  const home = homeOfTen(t)
  forgetIndex(home)
  const files: ReadonlyArray<readonly [number, string | Uint8Array]> = [
    [1, ''],
    [2, 'shorter'],
    [3, Buffer.alloc(10_000)],
    [4, Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(100)])]
  ]
  for (const [id, bytes] of files) writeFileSync(join(home.segments, segmentName(id)), bytes)
  const database = openIndex(t, home)
  const { damaged, blocks } = checkStore({ segments: home.segments, database, rebuildIndex: true })
  t.equal(blocks, 10)
  t.same(
    damaged.map(({ segment, offset }) => [segment, offset]),
    files.map(([id]) => [segmentName(id), 0])
  )
})

t.test(
  'a record over the bound of a block, and one of an unknown hash, are not indexed',
  async t => {
    const home = homeOfTen(t)
    const big = Buffer.alloc(4 * 1024 * 1024 + 1)
    const strange: Multihash = Buffer.concat([Buffer.from([0x1e, 32]), Buffer.alloc(32, 1)])
    const small = bytesOf(77)
    const records = [
      [sha256Multihash(big), big],
      [strange, bytesOf(1)],
      [sha256Multihash(small), small]
    ] as const
    const bytes = records.flatMap(([multihash, bytes]) => [
      encodeHead(codec.raw, multihash, bytes.length),
      bytes
    ])
    writeFileSync(join(home.segments, segmentName(5)), Buffer.concat([carHeader, ...bytes]))
    const database = openIndex(t, home)
    const report = checkStore({ segments: home.segments, database, rebuildIndex: true })
    t.equal(report.indexed, 11)
    t.ok(
      report.damaged.length > 0 && report.damaged.every(({ segment }) => segment === segmentName(5))
    )
    t.match(report.damaged[0], { offset: carHeader.length, why: /over the bound/ })
  }
)

t.test('a rebuild beside a living writer keeps its rows, and what it writes meanwhile', async t => {
  const home = homeOfTen(t)
  const writer = openStore(home)
  const living = writer.store.add(bytesOf(20))
  writer.store.flush()
  const database = openIndex(t, home)
  const pending = writer.store.add(bytesOf(21))
  const report = checkStore({ segments: home.segments, database, rebuildIndex: true })
  t.match(report, { blocks: 11, damaged: [] })
  writer.store.flush()
  t.same(Buffer.from(writer.store.read(living)), bytesOf(20))
  t.equal(writer.store.has(pending), true)
  writer.end()
  t.match(checkStore({ segments: home.segments, database }), { blocks: 12, damaged: [] })
})

t.test('a second rebuild at the same time is refused, and harms nothing', async t => {
  const home = homeOfTen(t)
  const lock = takeOwnerLock(join(home.segments, 'rebuild.lock'))
  const database = openIndex(t, home)
  const rebuild = () => checkStore({ segments: home.segments, database, rebuildIndex: true })
  t.throws(rebuild, { code: 'busy', message: /by somebody else/ })
  lock?.release()
  t.match(rebuild(), { blocks: 10, indexed: 10, damaged: [] })
})

t.test('a rebuild forgets rows of segments that are gone', async t => {
  const home = homeOfTen(t)
  const [, second] = segmentsOf(home)
  rmSync(join(home.segments, second!))
  const database = openIndex(t, home)
  t.match(checkStore({ segments: home.segments, database, rebuildIndex: true }), {
    blocks: 8,
    damaged: []
  })
})
