import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { type Database, openDatabase } from '../../src/base/database.ts'
import { type Digest, digestOf } from '../../src/base/digest.ts'
import type { Catalog, CatalogItem } from '../../src/pull/api.ts'
import { openCatalog } from '../../src/pull/catalog.ts'
import { catalogMigrations } from '../../src/pull/schema.ts'

function setUp(t: Test): { catalog: Catalog; database: Database; path: string } {
  const path = join(t.testdir(), 'cairn.db')
  const database = openDatabase(path, { migrations: catalogMigrations })
  t.teardown(() => database.close())
  return { catalog: openCatalog(database), database, path }
}

const digest = (text: string): Digest => digestOf('sha256', Buffer.from(text))

function item(key: string, text = key): CatalogItem {
  const bytes = Buffer.from(text)
  return {
    key,
    cid: makeCid(0x55, sha256Multihash(bytes)),
    bytes: bytes.length,
    mediaType: 'text/plain',
    digests: [digest(text), digestOf('sha1', bytes)],
    etag: '"1"',
    lastModified: undefined,
    storedMs: 1,
    validatedMs: 2,
    usedMs: 3
  }
}

t.test('an item comes back as it was put, by key and by any digest', async t => {
  const { catalog } = setUp(t)
  catalog.put(item('apt/d/a'))
  t.same(catalog.get('apt/d/a'), item('apt/d/a'))
  for (const each of item('apt/d/a').digests) t.equal(catalog.byDigest(each)?.key, 'apt/d/a')
  t.equal(catalog.get('apt/d/b'), undefined)
  t.equal(catalog.byDigest(digest('b')), undefined)
})

t.test('a new version takes the old digests away', async t => {
  const { catalog } = setUp(t)
  catalog.put(item('k', 'one'))
  catalog.put(item('k', 'two'))
  t.equal(catalog.byDigest(digest('one')), undefined)
  catalog.put(item('other', 'two'))
  catalog.remove('k')
  t.equal(catalog.byDigest(digest('two'))?.key, 'other')
  t.match(catalog.statistics(), { items: 1, bytes: 3 })
})

t.test('a version is found by when it came, and has the date that clients know it by', async t => {
  const { catalog } = setUp(t)
  const old = { ...item('k', 'one'), storedMs: 500, validatedMs: 500 }
  catalog.put(old, { version: true })
  const dated = { ...item('k', 'two'), storedMs: 1500, validatedMs: 600 }
  catalog.put(dated, { version: true })
  t.match(catalog.versionAt('k', 599), { storedMs: 500 })
  t.match(catalog.versionAt('k', 600), { storedMs: 1500, validatedMs: 600 })
  t.match(catalog.versionWith('k', digest('two')), { storedMs: 1500 })
})

t.test('what a document says is seen all at once, when it is committed', async t => {
  const { catalog, path } = setUp(t)
  const other = openDatabase(path, { migrations: catalogMigrations })
  t.teardown(() => other.close())
  const elsewhere = openCatalog(other)
  const first = catalog.learn('Packages', { digest: digest('v1'), learntMs: 1 })
  first.add([
    { key: 'a', digest: digest('a1'), bytes: 10 },
    { key: 'b', digest: digest('b1') }
  ])
  t.equal(elsewhere.expected('a'), undefined)
  first.commit()
  t.same(elsewhere.expected('a'), { digest: digest('a1'), bytes: 10 })
  t.equal(elsewhere.learnt('Packages'), digest('v1'))

  const second = catalog.learn('Packages', { digest: digest('v2'), learntMs: 2 })
  second.add([{ key: 'a', digest: digest('a2') }])
  t.same(elsewhere.expected('a'), { digest: digest('a1'), bytes: 10 }, 'the old version still')
  second.commit()
  t.same(elsewhere.expected('a'), { digest: digest('a2'), bytes: undefined })
  t.equal(elsewhere.expected('b'), undefined, 'the new version no longer names it')
})

t.test('learning that was never committed, as after a crash, leaves nothing', async t => {
  const { catalog, database } = setUp(t)
  catalog.learn('D', { digest: digest('v1'), learntMs: 1 }).add([{ key: 'x', digest: digest('x') }])
  const again = catalog.learn('D', { digest: digest('v2'), learntMs: 2 })
  again.add([{ key: 'y', digest: digest('y') }])
  again.commit()
  t.equal(catalog.expected('x'), undefined)
  t.same(catalog.expected('y')?.digest, digest('y'))
  const rows = database.statement('SELECT count(*) AS n FROM catalog_expectations').get()
  t.equal(rows?.n, 1, 'the leftovers were swept')
})

t.test('of two documents the one learnt last is believed', async t => {
  const { catalog } = setUp(t)
  for (const [document, learntMs] of [
    ['new', 20],
    ['old', 10]
  ] as const) {
    const learning = catalog.learn(document, { digest: digest(document), learntMs })
    learning.add([{ key: 'k', digest: digest(document) }])
    learning.commit()
  }
  t.equal(catalog.expected('k')?.digest, digest('new'))
})

t.test('an unpacked folder belongs to one version of its archive', async t => {
  const { catalog } = setUp(t)
  const folder = item('folder').cid
  const one = item('a.deb', 'one')
  const tree = { cid: folder, archive: one.cid, bytes: 1 }
  t.throws(() => catalog.setUnpacked('a.deb', tree, 1), { code: 'not-found' })
  catalog.put(one)
  catalog.setUnpacked('a.deb', tree, 1)
  t.same(catalog.unpacked('a.deb'), folder)
  catalog.put(item('a.deb', 'two'))
  t.equal(catalog.unpacked('a.deb'), undefined)
  catalog.setUnpacked('a.deb', tree, 1)
  t.equal(catalog.unpacked('a.deb'), undefined, 'what ended after the archive changed')
})

t.test('list', async t => {
  await t.test('an item and a prefix of one name are both there', async t => {
    const { catalog } = setUp(t)
    for (const key of ['n/foo', 'n/foo-1', 'n/foo/x', 'n/foo/y/z', 'n/foo0', 'o']) {
      catalog.put(item(key))
    }
    t.same(
      [...catalog.list('n')],
      [
        { name: 'foo', kind: 'item' },
        { name: 'foo-1', kind: 'item' },
        { name: 'foo', kind: 'prefix' },
        { name: 'foo0', kind: 'item' }
      ]
    )
    t.same(
      [...catalog.list('')].map(each => each.name),
      ['n', 'o']
    )
    t.same([...catalog.list('n/fo')], [], 'a prefix is whole names')
  })

  await t.test('is what splitting every key would give', async () => {
    const part = fc.stringMatching(/^[a-c+\-.~é0]{1,3}$/)
    const keys = fc.uniqueArray(fc.array(part, { minLength: 1, maxLength: 4 }), {
      maxLength: 30,
      selector: parts => parts.join('/')
    })
    fc.assert(
      fc.property(keys, all => {
        const database = openDatabase(':memory:', { migrations: catalogMigrations })
        const catalog = openCatalog(database)
        for (const parts of all) catalog.put(item(parts.join('/')))
        const expected = new Set(
          all.map(parts => `${parts.length > 1 ? 'prefix' : 'item'} ${parts[0]}`)
        )
        const listed = Array.from(catalog.list(''), ({ name, kind }) => `${kind} ${name}`)
        database.close()
        return listed.length === expected.size && listed.every(each => expected.has(each))
      }),
      { numRuns: 100 }
    )
  })
})
