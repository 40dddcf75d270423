import { join } from 'node:path'
import t, { type Test } from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { openDatabase } from '../../src/base/database.ts'
import { openRoots } from '../../src/roots/open.ts'
import { rootsMigrations } from '../../src/roots/schema.ts'
import { countSyncs } from '../lib/count-syncs.ts'
import { requireClient } from '../lib/skip.ts'

const cids = ['a', 'b', 'c'].map(text => makeCid(codec.raw, sha256Multihash(Buffer.from(text))))
const [a, b, c] = cids as [(typeof cids)[0], (typeof cids)[0], (typeof cids)[0]]
const seal = { profile: 'unixfs-v1-2025', reason: 'seal' }

function setup(t: Test) {
  const path = join(t.testdir(), 'cairn.db')
  let now = 1000
  const open = () => {
    const database = openDatabase(path, { migrations: rootsMigrations })
    t.teardown(() => database.close())
    return { database, roots: openRoots(database, { nowMs: () => now++ }) }
  }
  return open
}

t.test('a root that stands elsewhere is not advanced', async t => {
  const { roots } = setup(t)()
  t.throws(() => roots.advance('mfs', a, b, seal), { code: 'conflict' }, 'it does not exist')
  roots.advance('mfs', undefined, a, seal)
  t.throws(() => roots.advance('mfs', undefined, b, seal), { code: 'conflict' }, 'it exists')
  t.throws(() => roots.advance('mfs', b, c, seal), { code: 'conflict' }, 'it stands at a')
  t.equal(roots.get('mfs')?.cid.toString(), a.toString())
  t.equal(roots.history('mfs').length, 1)
})

t.test('advancing moves the root and appends to its history, newest first', async t => {
  const { roots } = setup(t)()
  roots.advance('mfs', undefined, a, seal)
  const state = roots.advance('mfs', a, b, { ...seal, reason: 'snapshot' })
  t.match(state, { name: 'mfs', sequence: 2, profile: 'unixfs-v1-2025' })
  roots.advance('mfs', b, a, seal)
  const history = roots.history('mfs')
  t.same(
    history.map(entry => [entry.sequence, entry.cid.toString(), entry.reason]),
    [
      [3, a.toString(), 'seal'],
      [2, b.toString(), 'snapshot'],
      [1, a.toString(), 'seal']
    ]
  )
  t.same(
    roots.history('mfs', { limit: 1 }).map(entry => entry.sequence),
    [3]
  )
  t.same(roots.history('other'), [])
})

t.test('a root that moved and a pin are on the disk when the call returns', async t => {
  if (!requireClient(t, 'strace')) return
  const from = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href)
  const path = join(t.testdir(), 'cairn.db')
  const program = `
    import { codec, makeCid, sha256Multihash } from ${from('base/blocks.ts')}
    import { openDatabase } from ${from('base/database.ts')}
    import { openRoots } from ${from('roots/open.ts')}
    import { rootsMigrations } from ${from('roots/schema.ts')}
    const database = openDatabase(${JSON.stringify(path)}, { migrations: rootsMigrations })
    const roots = openRoots(database, { nowMs: () => 1 })
    const [a, b] = ['a', 'b'].map(text => makeCid(codec.raw, sha256Multihash(Buffer.from(text))))
    const seal = { profile: 'unixfs-v1-2025', reason: 'seal' }
    database.sync()
    mark('advance'); roots.advance('mfs', undefined, a, seal)
    mark('part'); database.write(() => roots.advance('mfs', a, b, seal))
    mark('pin'); roots.pin(a, { label: 'a' })
    mark('unpin'); roots.unpin(a)
    mark('end'); database.close()`
  const syncs = countSyncs(`${path}.strace`, program)
  t.equal(syncs('advance', 'part'), 1)
  t.equal(syncs('part', 'pin'), 1, 'as a part of a transaction, with that')
  t.equal(syncs('pin', 'unpin'), 1)
  t.equal(syncs('unpin', 'end'), 1)
})

t.test('moving to where it stands changes nothing and appends nothing', async t => {
  const { roots } = setup(t)()
  const first = roots.advance('mfs', undefined, a, seal)
  t.same(roots.advance('mfs', a, a, { ...seal, reason: 'snapshot' }), first)
  t.equal(roots.history('mfs').length, 1)
})

t.test('of two connections that advance from the same state one wins', async t => {
  const open = setup(t)
  const [one, two] = [open().roots, open().roots]
  one.advance('mfs', undefined, a, seal)
  const seen = two.get('mfs')?.cid
  one.advance('mfs', a, b, seal)
  t.throws(() => two.advance('mfs', seen, c, seal), { code: 'conflict' })
  t.equal(two.get('mfs')?.cid.toString(), b.toString())
})

t.test("an advance in a caller's transaction that fails did not happen", async t => {
  const { database, roots } = setup(t)()
  t.throws(() =>
    database.write(() => {
      roots.advance('mfs', undefined, a, seal)
      throw new Error('later trouble')
    })
  )
  t.equal(roots.get('mfs'), undefined)
  t.same(roots.history('mfs'), [])
})

t.test('pins are kept once each, with their label', async t => {
  const { roots } = setup(t)()
  t.equal(roots.unpin(a), false)
  roots.pin(b, { label: 'second' })
  roots.pin(a, { label: 'first' })
  roots.pin(b, { label: 'renamed' })
  t.same(
    roots.pins().map(pin => [pin.cid.toString(), pin.label]),
    [
      [b.toString(), 'renamed'],
      [a.toString(), 'first']
    ]
  )
  t.equal(roots.unpin(b), true)
  t.equal(roots.pins().length, 1)
})

t.test('all of it is there for another connection, sorted by name', async t => {
  const open = setup(t)
  const one = open().roots
  one.advance('pkg', undefined, b, seal)
  one.advance('mfs', undefined, a, seal)
  t.same(
    open()
      .roots.list()
      .map(root => root.name),
    ['mfs', 'pkg']
  )
})
