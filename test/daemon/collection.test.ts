import { randomBytes } from 'node:crypto'
import { mock } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { CairnError } from '../../src/base/errors.ts'
import { toName } from '../../src/base/names.ts'
import { WriteLock } from '../../src/base/write-lock.ts'
import { collectHome } from '../../src/daemon/collect.ts'
import { openCollection } from '../../src/daemon/collection.ts'
import { openContent } from '../../src/daemon/content.ts'
import { viewPackages } from '../../src/daemon/view-packages.ts'
import type { Pull } from '../../src/pull/api.ts'
import { openCatalog } from '../../src/pull/catalog.ts'
import { openFetchUpstream } from '../../src/pull/fetch-upstream.ts'
import { InUse } from '../../src/pull/in-use.ts'
import { openPull } from '../../src/pull/open.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { createInodeMemory } from '../../src/vfs/frozen/inode-memory.ts'
import { InodeTable } from '../../src/vfs/frozen/inode-table.ts'
import { openPackageTree } from '../../src/vfs/frozen/package-tree.ts'
import { type FakeOrigin, openFakeOrigin } from '../lib/fake-origin.ts'
import { bodyOf, until, wantedItem } from '../lib/pull-world.ts'

/** The engine and the collection of one home, as the daemon has them; what was asked for long ago is a moment ago here. */
async function openHome(t: Test, budgetBytes: number) {
  const writeLock = new WriteLock()
  const content = openContent(t.testdir(), { writeLock })
  const { database, store: blocks, reader, paths } = content
  const catalog = openCatalog(database)
  const origin = await openFakeOrigin()
  const fetchUpstream = openFetchUpstream()
  let nowMs = Date.now()
  const clock = { nowMs: () => (nowMs += 10_000) }
  const inUse = new InUse(clock)
  const warnings: object[] = []
  const warn = (facts: object) => warnings.push(facts)
  const log = { info: () => {}, warn, error: () => {}, debug: () => {} }
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const parts = { catalog, blocks, reader, writer, fetchUpstream, clock, inUse, log, adapters: [] }
  const pull = openPull({ ...parts, flights: paths.flights })
  const packageInodes = createInodeMemory()
  const collection = openCollection({
    ...{ content, inUse, clock, packageInodes, log: log as never },
    home: paths.home,
    writeLock: writeLock.memory,
    policy: () => ({ budgetBytes, unusedMs: undefined })
  })
  t.teardown(async () => {
    await collection.finish()
    await pull.close()
    fetchUpstream.close()
    content.close()
    await origin.close()
  })
  return { content, catalog, origin, pull, collection, packageInodes, warnings }
}

/** Fetched and stored: who reads along has the last byte before the catalogue has the item. */
async function bring(pull: Pull, origin: FakeOrigin, name: string): Promise<void> {
  await bodyOf(await pull.fetch(wantedItem(origin, name)))
  await until(() => pull.statistics().flights === 0)
}

t.test('clients that fetch while all of it goes and comes again have the right bytes', async t => {
  const { content, origin, pull, collection } = await openHome(t, 1)
  const names = ['a', 'b', 'c', 'd', 'e']
  const bodies = new Map(names.map(name => [name, randomBytes(300_000)]))
  for (const [name, body] of bodies) origin.items.set(name, { body })
  let dropped = 0
  let freedBytes = 0
  let rounds = 0
  const seen = () => rounds >= 4 && dropped > names.length && freedBytes > 0
  const enough = () => seen() || rounds >= 1000
  const collecting = (async () => {
    for (; !enough(); rounds++) {
      dropped += (await collection.trim()).parts
      freedBytes += (await collectHome(content, {})).freedBytes
    }
  })()
  const lane = async (first: number) => {
    for (let step = 0; !enough(); step++) {
      const name = names[(first * step + step) % names.length] ?? ''
      const body = await bodyOf(await pull.fetch(wantedItem(origin, name)))
      if (!body.equals(bodies.get(name)!)) t.fail(`${name} is other bytes`)
      await turn()
    }
  }
  await Promise.all([0, 1, 2].map(lane))
  await collecting
  t.ok(dropped > names.length, `${dropped} were dropped meanwhile`)
  t.ok(freedBytes > 0, `${freedBytes} bytes were freed meanwhile`)
  t.ok(origin.requests.length >= 5 + dropped - names.length, 'what went was fetched again')
})

t.test('what the mount knows stays: files, and archives that were looked into', async t => {
  const { content, catalog, origin, pull, collection, packageInodes } = await openHome(t, 1)
  const inodes = new InodeTable({ memory: packageInodes })
  const { reader, store } = content
  const keys = ['fake/open.deb', 'fake/looked.deb', 'fake/other.deb']
  for (const key of keys) {
    const name = key.slice('fake/'.length)
    origin.items.set(name, { body: randomBytes(1000) })
    await bring(pull, origin, name)
    const empty = openUnixfsWriter(store, profiles['unixfs-v1-2025']).directory([])
    const cid = makeCid(empty.codec, empty.multihash, 1)
    catalog.setUnpacked(key, { cid, archive: catalog.get(key)!.cid, bytes: 100 }, 1)
  }
  const tree = openPackageTree({
    ...{ reader, inodes, owner: { uid: 0, gid: 0 }, packages: viewPackages(catalog) },
    statistics: () => ({ blockBytes: 1, blocks: 1, freeBlocks: 1, files: 1, freeFiles: 1 })
  })
  const { ino: fake } = tree.lookup(tree.root, toName('fake'))
  const open = tree.lookup(fake, toName('open.deb'))
  const names: string[] = []
  tree.readDirectory(fake, { cookie: 0, withAttributes: false }, ({ name }) => {
    names.push(Buffer.from(name, 'latin1').toString())
    return true
  })
  const folder = names.find(name => name.startsWith('looked') && name !== 'looked.deb') ?? ''
  const looked = tree.lookup(fake, toName(folder))
  await collection.trim()
  const held = () => keys.filter(key => catalog.get(key) !== undefined)
  t.strictSame(held(), ['fake/open.deb'])
  t.equal(catalog.unpacked('fake/other.deb'), undefined)
  tree.forget(open.ino, 1)
  tree.forget(looked.ino, 1)
  await collection.trim()
  t.strictSame(held(), [], 'once the kernel has forgotten them')
})

t.test('who stops does not wait for the round under way', async t => {
  const { pull, origin, collection, catalog } = await openHome(t, 1)
  origin.items.set('a', { body: randomBytes(1000) })
  await bring(pull, origin, 'a')
  const round = t.rejects(collection.trim(), { code: 'aborted' })
  await collection.finish()
  await round
  t.ok(catalog.get('fake/a'))
  await t.rejects(collection.trim(), { code: 'aborted' })
})

t.test(
  'a disk that is full when something is dropped ends the round, and nothing else',
  async t => {
    const { content, pull, origin, collection, catalog } = await openHome(t, 1)
    origin.items.set('a', { body: randomBytes(1000) })
    await bring(pull, origin, 'a')
    const { database } = content
    const { statement } = database
    database.statement = sql => {
      if (sql.startsWith('DELETE')) throw new CairnError('no-space', 'the disk is full')
      return statement.call(database, sql)
    }
    await t.rejects(collection.trim(), { code: 'no-space' })
    t.ok(catalog.get('fake/a'))
    database.statement = sql => statement.call(database, sql)
    await collection.trim()
    t.notOk(catalog.get('fake/a'))
  }
)

t.test('a database that fails when it looks whether a round is due is told of', async t => {
  const { content, collection, warnings } = await openHome(t, 1)
  mock.timers.enable({ apis: ['setInterval'] })
  t.teardown(() => mock.timers.reset())
  collection.begin()
  const { database } = content
  const { statement } = database
  database.statement = () => {
    throw new CairnError('no-space', 'the disk is full')
  }
  mock.timers.tick(5_000)
  await turn()
  database.statement = sql => statement.call(database, sql)
  t.match(warnings, [{ code: 'no-space' }])
})
