import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { sha256Multihash } from '../../src/base/blocks.ts'
import { checkStore } from '../../src/store/check.ts'
import { adoptNow, flatFiles, makePieces, sameFile, tableOf } from './flat-lib.ts'
import { makeHome, mountSmall, openStore } from './lib.ts'

/** A large file that becomes a segment as it is. */

t.test('what is adopted is read back, by others too, and nothing of it was copied', t => {
  const home = makeHome()
  t.teardown(home.remove)
  const opened = openStore(home)
  const beside = openStore(home)
  const file = makePieces(home, 'draft')
  const adoption = opened.store.adopt(file)
  for (const piece of file.pieces) t.notOk(opened.store.has(sha256Multihash(piece)), 'not yet')
  opened.database.write(() => adoption.index(), { durable: true })
  adoption.abandon()
  rmSync(file.path)
  for (const { store } of [opened, beside]) {
    for (const piece of file.pieces) {
      t.same(Buffer.from(store.read(sha256Multihash(piece))), piece)
      const part = Buffer.alloc(100)
      t.equal(store.readInto(sha256Multihash(piece), 4950, part), 50)
      t.same(part.subarray(0, 50), piece.subarray(4950))
    }
  }
  const { flat, leaves, lock } = flatFiles(home)
  t.match([flat.length, leaves.length, lock.length], [1, 1, 0])
  t.match(opened.store.statistics(), {
    blocks: 3,
    bytes: 15_000,
    segments: 1,
    segmentBytes: 15_000
  })
  beside.end()
  opened.end()
  const again = openStore(home)
  for (const piece of file.pieces)
    t.same(Buffer.from(again.store.read(sha256Multihash(piece))), piece)
  t.same(checkStore({ segments: home.segments, database: again.database }).damaged, [])
  again.end()
  t.end()
})

t.test('what is abandoned, or whose transaction is undone, is the file that it was', t => {
  const home = makeHome()
  t.teardown(home.remove)
  const { store, database, end } = openStore(home)
  const file = makePieces(home, 'draft')
  const before = readFileSync(file.path)
  store.adopt(file).abandon()
  const second = store.adopt(file)
  const undone = () =>
    database.write(() => {
      second.index()
      t.ok(store.has(sha256Multihash(file.pieces[0]!)))
      throw new Error('undone')
    })
  t.throws(undone, /undone/)
  second.abandon()
  t.notOk(store.has(sha256Multihash(file.pieces[0]!)))
  t.same(flatFiles(home), { flat: [], leaves: [], lock: [] })
  t.same(readFileSync(file.path), before)
  end()
  t.end()
})

t.test('a block that is elsewhere too is found in the file from then on', t => {
  const home = makeHome()
  t.teardown(home.remove)
  const { store, database, end } = openStore(home)
  const file = makePieces(home, 'draft')
  store.add(file.pieces[1]!)
  store.flush()
  adoptNow({ store, database }, file)
  const rows = database.statement('SELECT DISTINCT segment FROM blocks').all()
  t.equal(rows.length, 1)
  for (const name of flatFiles(home).flat) t.ok(sameFile(name, file.path))
  t.equal(store.statistics().blocks, 3)
  end()
  t.end()
})

t.test('the same block twice in a file is one', t => {
  const home = makeHome()
  t.teardown(home.remove)
  const { store, database, end } = openStore(home)
  const { pieces } = makePieces(home, 'other', 1)
  const path = join(home.home, 'draft')
  writeFileSync(path, Buffer.concat([pieces[0]!, pieces[0]!]))
  adoptNow({ store, database }, { path, leaves: tableOf([pieces[0]!, pieces[0]!]) })
  t.match(store.statistics(), { blocks: 1, bytes: 5000, segmentBytes: 10_000 })
  t.same(Buffer.from(store.read(sha256Multihash(pieces[0]!))), pieces[0])
  end()
  t.end()
})

t.test('a file that changed, is gone or has no second name is refused, and nothing is left', t => {
  const home = makeHome()
  t.teardown(home.remove)
  const { store, end } = openStore(home)
  const file = makePieces(home, 'draft')
  appendFileSync(file.path, 'more')
  t.throws(() => store.adopt(file), { code: 'conflict' })
  rmSync(file.path)
  t.throws(() => store.adopt(file), { code: 'not-found' })
  t.throws(() => store.adopt({ ...file, path: '/proc/version' }), { code: 'conflict' })
  const elsewhere = join(mountSmall(t, 1), 'draft')
  writeFileSync(elsewhere, Buffer.concat(file.pieces))
  t.throws(() => store.adopt({ ...file, path: elsewhere }), { code: 'unsupported' })
  t.same(flatFiles(home), { flat: [], leaves: [], lock: [] })
  t.ok(existsSync(elsewhere))
  t.not(dirname(elsewhere), home.home)
  end()
  t.end()
})

t.test('fsck names the block that is damaged, and a description that is not there', t => {
  const home = makeHome()
  t.teardown(home.remove)
  const opened = openStore(home)
  const file = makePieces(home, 'draft')
  adoptNow(opened, file)
  const [flat = ''] = flatFiles(home).flat
  const bytes = readFileSync(flat)
  bytes[5001] = (bytes[5001] ?? 0) ^ 1
  writeFileSync(flat, bytes)
  const look = () => checkStore({ segments: home.segments, database: opened.database })
  t.match(look(), { blocks: 3, damaged: [{ offset: 5000, why: /do not have their hash/ }] })
  for (const name of flatFiles(home).leaves) rmSync(name)
  t.match(look().damaged, [
    { offset: 5000 },
    { cid: '', offset: 0, why: /description is not there/ }
  ])
  rmSync(flat)
  t.equal(look().damaged.length, 3)
  t.match(look().damaged[0], { why: /its segment is not there/ })
  opened.end()
  t.end()
})

t.test('a block of it that the disk lost heals when it is brought again', t => {
  const home = makeHome()
  t.teardown(home.remove)
  const opened = openStore(home)
  const file = makePieces(home, 'draft')
  adoptNow(opened, file)
  for (const name of [...flatFiles(home).flat, file.path]) rmSync(name)
  opened.end()
  const again = openStore(home)
  t.throws(() => again.store.read(sha256Multihash(file.pieces[2]!)), { code: 'corrupt' })
  again.store.add(file.pieces[2]!)
  again.store.flush()
  t.same(Buffer.from(again.store.read(sha256Multihash(file.pieces[2]!))), file.pieces[2])
  again.end()
  t.end()
})
