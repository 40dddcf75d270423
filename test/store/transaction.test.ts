import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { requireClient } from '../lib/skip.ts'
import { bytesOf, makeHome, openStore } from './lib.ts'

function open(t: Test) {
  const home = makeHome()
  t.teardown(home.remove)
  const opened = openStore(home)
  t.teardown(() => opened.database.close())
  return { home, ...opened }
}

t.test('a flush inside a write is undone with it, and the next one does it again', async t => {
  const { home, store, database } = open(t)
  let multihash = new Uint8Array()
  t.throws(
    () =>
      database.write(() => {
        multihash = Uint8Array.from(store.add(bytesOf(1)))
        store.flush()
        throw new Error('changed my mind')
      }),
    /changed my mind/
  )
  t.same(Buffer.from(store.read(multihash)), bytesOf(1), 'still pending here')
  const other = openStore(home)
  t.equal(other.store.has(multihash), false)
  store.flush()
  t.same(Buffer.from(other.store.read(multihash)), bytesOf(1))
  other.end()
})

t.test('blocks and the rows that name them can be one durable transaction', async t => {
  const { home, store, database } = open(t)
  const multihash = database.write(() => {
    const added = store.add(bytesOf(1, 100_000))
    store.flush({ durable: true })
    return added
  })
  const other = openStore(home)
  t.same(Buffer.from(other.store.read(multihash)), bytesOf(1, 100_000))
  other.end()
})

t.test('inside a read blocks are taken, but a flush is refused', async t => {
  const { store, database } = open(t)
  database.read(() => {
    for (let number = 0; number < 3000; number++) store.add(bytesOf(number, 1000))
    t.throws(() => store.flush(), { code: 'io' })
  })
  store.flush()
  t.equal(store.statistics().blocks, 3000)
})

t.test('a flush lifts the blocks it relies on over a collection that began meanwhile', async t => {
  const { home, store, database } = open(t)
  const multihash = store.add(bytesOf(1))
  store.flush()
  const other = openStore(home)
  other.store.add(bytesOf(1))
  database.statement('UPDATE store SET generation = generation + 1').run()
  other.store.flush()
  const sweep = 'DELETE FROM blocks WHERE generation < (SELECT generation FROM store)'
  database.statement(sweep).run()
  t.equal(store.has(multihash), true)
  other.end()
})

t.test('a block that is collected while it is relied on is written again', async t => {
  const { home, store, database } = open(t)
  const multihash = store.add(bytesOf(1))
  store.flush()
  const other = openStore(home)
  other.store.add(bytesOf(1))
  database.statement('UPDATE store SET generation = generation + 1').run()
  store.remove([multihash])
  other.store.flush()
  t.same(Buffer.from(store.read(multihash)), bytesOf(1))
  other.end()
})

t.test(
  'a durable flush syncs what it relies on, though another wrote it; a plain one syncs nothing',
  async t => {
    if (!requireClient(t, 'strace')) return
    const home = makeHome()
    t.teardown(home.remove)
    const log = join(home.home, 'strace')
    const program = `
    import { accessSync } from 'node:fs'
    import { openStore } from ${JSON.stringify(new URL('./lib.ts', import.meta.url).href)}
    const mark = name => { try { accessSync('/mark-' + name) } catch {} }
    const home = ${JSON.stringify(home)}
    const [one, other] = [openStore(home), openStore(home)]
    one.store.add(Buffer.from('warm')); one.store.flush({ durable: true })
    mark('plain'); one.store.add(Buffer.from('shared')); one.store.flush()
    mark('relying'); other.store.add(Buffer.from('shared')); other.store.flush({ durable: true })
    mark('own'); one.store.flush({ durable: true })
    mark('nothing'); one.store.flush({ durable: true })
    mark('end'); one.end(); other.end()`
    execFileSync('strace', [
      ...['-f', '-y', '-o', log, '-e', 'trace=fsync,fdatasync,access', process.execPath],
      ...['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program]
    ])
    const text = readFileSync(log, 'utf8')
    const synced = (from: string, to: string) => {
      const part = text.split(`/mark-${from}"`)[1]?.split(`/mark-${to}"`)[0] ?? ''
      return [...part.matchAll(/sync\(\d+<[^>]*\.(car|db-wal)>/g)].map(([, kind]) => kind).sort()
    }
    t.same(synced('plain', 'relying'), [])
    t.same(synced('relying', 'own'), ['car', 'db-wal'])
    t.same(synced('own', 'nothing'), ['car', 'db-wal'])
    t.same(synced('nothing', 'end'), [])
  }
)
