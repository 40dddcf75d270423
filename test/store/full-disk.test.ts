import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { sha256Multihash } from '../../src/base/blocks.ts'
import { checkStore } from '../../src/store/check.ts'
import { requireRoot } from '../lib/skip.ts'
import { bytesOf, mountSmall, openStore } from './lib.ts'

/** Fills a file system but for `leftBytes`; `free` gives the space back. */
function fill(folder: string, leftBytes: number): { free: () => void } {
  const path = join(folder, 'ballast')
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(path, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes), 1))
  return { free: () => rmSync(path) }
}

const cases = [
  ['small blocks, gathered', 3000, 4000],
  ['large blocks, written where they lie', 300, 70_000]
] as const

for (const [name, count, length] of cases) {
  t.test(`a disk that is full of segments: ${name}`, t => {
    if (!requireRoot(t)) return t.end()
    const folder = mountSmall(t, 8)
    const home = { segments: join(folder, 'segments'), databasePath: databaseElsewhere(t) }
    const { store, database, end } = openStore(home)
    const before = store.add(bytesOf(0, length))
    store.flush({ durable: true })
    const added: number[] = []
    let segmentBytes = 0
    t.throws(
      () => {
        for (let number = 1; number < count; number++) {
          store.add(bytesOf(number, length))
          added.push(number)
          segmentBytes = sizeOfOnlySegment(home.segments)
        }
        store.flush()
      },
      { code: 'no-space', message: /cannot write to the segment .*ENOSPC/ }
    )
    t.ok(added.length > 50, 'some fitted')
    t.same(Buffer.from(store.read(before)), bytesOf(0, length), 'what was there is there')
    t.equal(sizeOfOnlySegment(home.segments), segmentBytes, 'the part that fitted is cut off again')
    t.throws(() => store.add(Buffer.alloc(4_000_000, 7)), { code: 'no-space' })
    t.equal(sizeOfOnlySegment(home.segments), segmentBytes, 'the part that fitted is cut off again')
    execFileSync('mount', ['-o', 'remount,size=64m', folder])
    store.flush({ durable: true })
    const after = store.add(bytesOf(count, length))
    store.flush()
    t.same(Buffer.from(store.read(after)), bytesOf(count, length), 'later writes work')
    for (const number of added) {
      if (!store.has(sha256Multihash(bytesOf(number, length)))) t.fail(`${number} was lost`)
    }
    t.match(checkStore({ segments: home.segments, database }), {
      damaged: [],
      blocks: added.length + 2
    })
    end()
    t.end()
  })
}

t.test(
  'a disk that is full for the index: the blocks wait, and are indexed when there is space',
  t => {
    if (!requireRoot(t)) return t.end()
    const folder = mountSmall(t, 4)
    const segments = mkdtempSync(join(tmpdir(), 'cairn-segments-'))
    t.teardown(() => rmSync(segments, { recursive: true }))
    const { store, database, end } = openStore({ segments, databasePath: join(folder, 'cairn.db') })
    const first = store.add(bytesOf(0))
    store.flush()
    const ballast = fill(folder, 32 * 1024)
    const added = Array.from({ length: 900 }, (_, number) => store.add(bytesOf(number + 1)))
    t.throws(() => store.flush(), { code: 'no-space' })
    t.equal(store.has(first), true)
    t.throws(() => store.flush({ durable: true }), { code: 'no-space' }, 'it is still full')
    ballast.free()
    store.flush({ durable: true })
    t.ok(added.every(multihash => store.has(multihash)))
    t.match(checkStore({ segments, database }), { damaged: [], blocks: 901 })
    end()
    t.end()
  }
)

t.test('a disk too full for a new segment says so, and leaves no half of one in the way', t => {
  if (!requireRoot(t)) return t.end()
  const folder = mountSmall(t, 1)
  const home = { segments: join(folder, 'segments'), databasePath: databaseElsewhere(t) }
  mkdirSync(home.segments)
  const { store, end } = openStore(home)
  const ballast = fill(folder, 0)
  t.throws(() => store.add(bytesOf(1)), { code: 'no-space' })
  ballast.free()
  const multihash = store.add(bytesOf(1))
  end()
  const again = openStore(home)
  t.same(Buffer.from(again.store.read(multihash)), bytesOf(1))
  again.end()
  t.end()
})

function sizeOfOnlySegment(segments: string): number {
  const names = readdirSync(segments).filter(name => name.endsWith('.car'))
  if (names.length !== 1) throw new Error(`not one segment: ${names}`)
  return statSync(join(segments, names[0]!)).size
}

function databaseElsewhere(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-database-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return join(folder, 'cairn.db')
}
