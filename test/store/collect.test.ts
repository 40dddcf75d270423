import { randomBytes } from 'node:crypto'
import {
  closeSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import t from 'tap'
import { codec, makeCid } from '../../src/base/blocks.ts'
import { holding } from '../../src/base/holding.ts'
import { checkStore } from '../../src/store/check.ts'
import { takeOwnerLock } from '../../src/store/owner-lock.ts'
import { segmentPath } from '../../src/store/segment-files.ts'
import { fails } from '../lib/fails.ts'
import { requireRoot } from '../lib/skip.ts'
import { collect, openNamed, segmentBytes } from './collect-lib.ts'
import { makeHome, mountSmall, type TestHome } from './lib.ts'

function segmentsBytes({ segments }: TestHome): number {
  return readdirSync(segments)
    .filter(name => name.endsWith('.car'))
    .reduce((sum, name) => sum + statSync(join(segments, name)).size, 0)
}

function isHere(named: ReturnType<typeof openNamed>, cid: string): boolean {
  return named.store.has(CID.parse(cid).multihash.bytes)
}

t.test('what nothing leads to goes, and its space is free', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const writing = openNamed(home)
  const kept: Array<{ cid: string; bytes: Buffer }> = []
  for (let number = 0; number < 100; number++) {
    const bytes = randomBytes(20_000)
    const cid = writing.write(bytes)
    if (number % 10 > 0) continue
    kept.push({ cid, bytes })
    writing.name(`file ${number}`, cid)
  }
  writing.end()
  const before = segmentsBytes(home)
  const named = openNamed(home)
  t.teardown(named.end)
  const dry = await collect(home, named.database, { dryRun: true })
  t.equal(dry.removedBlocks, 90)
  t.equal(segmentsBytes(home), before, 'a dry run changes nothing')
  const report = await collect(home, named.database)
  t.match(report, { reachableBlocks: 10, removedBlocks: 90, removedBytes: 1_800_000 })
  t.equal(report.neededBytes, 0)
  t.ok(
    segmentsBytes(home) < 10 * 20_000 * 1.5 + segmentBytes,
    `${segmentsBytes(home)} bytes are left`
  )
  for (const { cid, bytes } of kept) {
    t.ok(bytes.equals(named.store.read(CID.parse(cid).multihash.bytes)), `${cid} is as it was`)
  }
  t.same(checkStore({ segments: home.segments, database: named.database }).damaged, [])
  const again = await collect(home, named.database)
  t.match(again, { removedBlocks: 0, removedSegments: 0 }, 'a second one finds nothing')
})

t.test('a whole DAG is kept by its root, and one block by any that leads to it', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const writing = openNamed(home)
  const shared = randomBytes(1024 * 1024)
  const one = writing.write(Buffer.concat([shared, randomBytes(1024 * 1024)]))
  const other = writing.write(Buffer.concat([shared, randomBytes(1024 * 1024)]))
  writing.name('one', one)
  writing.name('other', other)
  writing.end()
  const named = openNamed(home)
  t.teardown(named.end)
  t.equal((await collect(home, named.database)).removedBlocks, 0)
  named.unname('one')
  t.equal((await collect(home, named.database)).removedBlocks, 2, 'its node and its own leaf')
  const { code, multihash } = CID.parse(other)
  t.ok(named.read(code, multihash.bytes, shared.length).equals(shared))
})

t.test('what somebody is about to name stays', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const named = openNamed(home)
  t.teardown(named.end)
  const collector = openNamed(home)
  t.teardown(collector.end)
  let cid = ''
  await holding(async () => {
    cid = named.write(randomBytes(1000))
    t.equal((await collect(home, collector.database)).removedBlocks, 0, 'in an operation')
    named.name('late', cid)
  })
  t.equal((await collect(home, collector.database)).removedBlocks, 0)
  t.ok(isHere(collector, cid))
  await holding(async () => {
    cid = named.write(randomBytes(1000))
  })
  t.equal(
    (await collect(home, collector.database)).removedBlocks,
    1,
    'an operation that ended holds nothing'
  )
  cid = named.write(randomBytes(1000))
  t.equal(
    (await collect(home, collector.database)).removedBlocks,
    0,
    'outside of one, until the store is closed'
  )
})

t.test('an operation within another keeps what both wrote until both end', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const named = openNamed(home)
  t.teardown(named.end)
  const collector = openNamed(home)
  t.teardown(collector.end)
  await holding(async () => {
    const cid = await holding(async () => named.write(randomBytes(1000)))
    t.equal((await collect(home, collector.database)).removedBlocks, 0)
    t.ok(isHere(collector, cid))
  })
  t.equal((await collect(home, collector.database)).removedBlocks, 1)
})

t.test('a block that was garbage and is wanted again while it is dropped is there', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const bytes = randomBytes(1000)
  const writing = openNamed(home)
  const cid = writing.write(bytes)
  writing.name('once', cid)
  writing.end()
  const collector = openNamed(home)
  t.teardown(collector.end)
  await collect(home, collector.database)
  collector.unname('once')
  const named = openNamed(home)
  t.teardown(named.end)
  const multihash = named.store.add(bytes)
  const collecting = collect(home, collector.database)
  while (collector.store.has(multihash)) await turn()
  named.store.flush()
  t.equal((await collecting).removedBlocks, 1)
  t.ok(bytes.equals(named.store.read(multihash)), 'read out of the segment before that went')
  named.name('again', cid)
  await collect(home, collector.database)
  t.ok(isHere(collector, cid))
})

t.test('a name given while it sweeps saves what it leads to', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const writing = openNamed(home)
  const blocks = Array.from({ length: 8000 }, (_, number) => {
    const cid = CID.parse(writing.write(Buffer.from(`block ${number}`)))
    return { cid, order: Buffer.from(cid.multihash.bytes).toString('hex') }
  })
  blocks.sort((one, other) => (one.order < other.order ? -1 : 1))
  writing.end()
  const named = openNamed(home)
  t.teardown(named.end)
  const collector = openNamed(home)
  t.teardown(collector.end)
  const collecting = collect(home, collector.database)
  while (named.store.has(blocks[0]!.cid.multihash.bytes)) await turn()
  const last = blocks.at(-1)!.cid
  t.ok(named.store.has(last.multihash.bytes), 'the sweep has not come to the last ones')
  named.name('saved', last.toString())
  t.equal((await collecting).removedBlocks, 7999)
  t.ok(named.store.has(last.multihash.bytes))
})

t.test('nothing goes if it cannot be told what a root leads to', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const writing = openNamed(home)
  const unknown = makeCid(0x71, writing.store.add(Buffer.from('a0', 'hex')))
  const root = writing.write(randomBytes(3 * 1024 * 1024))
  writing.write(randomBytes(1000))
  writing.name('unknown', unknown.toString())
  writing.end()
  const named = openNamed(home)
  t.teardown(named.end)
  await t.rejects(collect(home, named.database), { code: 'unsupported' })
  named.unname('unknown')
  named.name('root', root)
  const row = named.database
    .statement('SELECT segment, offset FROM blocks WHERE multihash = ?')
    .get(CID.parse(root).multihash.bytes)
  const file = openSync(segmentPath(home.segments, Number(row?.segment)), 'r+')
  writeSync(file, Buffer.from('damage'), 0, 6, Number(row?.offset))
  closeSync(file)
  await t.rejects(collect(home, named.database), { code: 'corrupt' })
  t.equal(named.store.statistics().blocks, 6, 'all rows are there')
})

t.test('bytes that are no node, named as one, lead nowhere', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const writing = openNamed(home)
  writing.name('odd', makeCid(codec.dagPb, writing.store.add(Buffer.from('no node'))).toString())
  writing.write(randomBytes(1000))
  writing.end()
  const named = openNamed(home)
  t.teardown(named.end)
  t.match(await collect(home, named.database), { reachableBlocks: 1, removedBlocks: 1 })
})

t.test('one at a time', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const named = openNamed(home)
  t.teardown(named.end)
  const lock = takeOwnerLock(join(home.segments, 'rebuild.lock'))
  await t.rejects(collect(home, named.database), { code: 'busy' })
  lock?.release()
  await collect(home, named.database)
})

t.test('an abort ends it, and what was dropped by then stays dropped', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const named = openNamed(home)
  t.teardown(named.end)
  await t.rejects(collect(home, named.database, { signal: AbortSignal.abort() }), {
    code: 'aborted'
  })
  const triggers = named.database
    .statement("SELECT count(*) AS count FROM sqlite_schema WHERE type = 'trigger'")
    .get()
  t.equal(triggers?.count, 0, 'the barrier is down')
  fails(t, 'io', () => named.database.read(() => named.database.write(() => undefined)))
})

t.test(
  'a disk without room for copies: what needs none is freed, and it says what it needs',
  async t => {
    if (!requireRoot(t)) return
    const folder = mountSmall(t, 16)
    const home = makeHome(folder)
    const databases = makeHome()
    t.teardown(databases.remove)
    const place = { ...home, databasePath: databases.databasePath }
    const writing = openNamed(place)
    // Several segments, one block in three of each kept; then one whole segment of garbage.
    for (let number = 0; number < 60; number++) {
      const cid = writing.write(randomBytes(100_000))
      if (number < 45 && number % 3 === 0) writing.name(`file ${number}`, cid)
    }
    writing.end()
    const named = openNamed(place)
    t.teardown(named.end)
    const { bavail, bsize } = statfsSync(folder)
    writeFileSync(join(folder, 'ballast'), Buffer.alloc(bavail * bsize, 1))
    const before = segmentsBytes(place)
    const report = await collect(place, named.database)
    t.ok(report.removedSegments > 0 && segmentsBytes(place) < before, 'segments of garbage went')
    t.ok(report.neededBytes > 0, `it needs ${report.neededBytes} bytes of room`)
    t.same(checkStore({ segments: place.segments, database: named.database }).damaged, [])
    rmSync(join(folder, 'ballast'))
    const after = await collect(place, named.database)
    t.match(after, { neededBytes: 0, removedBlocks: 0 })
    t.ok(segmentsBytes(place) < 15 * 100_000 * 1.5 + segmentBytes)
    t.equal(named.store.statistics().blocks, 15)
    t.same(checkStore({ segments: place.segments, database: named.database }).damaged, [])
  }
)
