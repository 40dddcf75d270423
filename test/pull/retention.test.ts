import { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { digestOf } from '../../src/base/digest.ts'
import type { CatalogItem } from '../../src/pull/api.ts'
import { bounds } from '../../src/pull/bounds.ts'
import { cacheSize } from '../../src/pull/retention/contents.ts'
import { dropParts } from '../../src/pull/retention/drop-parts.ts'
import { RetentionState } from '../../src/pull/retention/retention-state.ts'
import {
  type RetentionPolicy,
  trimCache,
  trimEstimate
} from '../../src/pull/retention/trim-cache.ts'
import { openPullWorld, type PullWorld, setUpPull, until, wantedItem } from '../lib/pull-world.ts'

const nowMs = 1_000_000

interface Shop {
  readonly world: PullWorld
  /** An item of its own bytes, as long as `bytes`, used at `usedMs`. */
  put: (key: string, bytes: number, usedMs: number, options?: PutOptions) => CatalogItem
  trim: (policy: Partial<RetentionPolicy>, pinned?: readonly CID[]) => Promise<string[]>
  keys: () => string[]
}

interface PutOptions {
  readonly version?: boolean
  /** The same bytes as another's. */
  readonly as?: CatalogItem
}

function openShop(t: Test): Shop {
  const world = openPullWorld()
  t.teardown(() => world.remove())
  const { catalog, database } = world
  const keys = () => [...catalog.items('')].map(({ key }) => key)
  let count = 0
  return {
    world,
    keys,
    put: (key, bytes, usedMs, { version = false, as } = {}) => {
      const body = Buffer.alloc(bytes, `${key} ${count++}`)
      const digest = digestOf('sha256', body)
      const times = { storedMs: usedMs, validatedMs: usedMs, usedMs }
      const mine = { cid: makeCid(0x55, world.store.add(body)), bytes, digests: [digest] }
      const { cid, digests } = as ?? mine
      const said = { mediaType: 'a/b', etag: undefined, lastModified: undefined }
      const item = { key, cid, bytes: as?.bytes ?? bytes, digests, ...said, ...times }
      catalog.put(item, { version })
      return item
    },
    trim: async ({ budgetBytes, unusedMs }, pinned = []) => {
      const before = new Set(keys())
      const policy = { budgetBytes, unusedMs }
      const cids = pinned.map(cid => cid.bytes)
      const options = { database, policy, pinned: cids, nowMs }
      const estimate = trimEstimate(options)
      const report = await trimCache({
        ...options,
        drop: parts => dropParts(database, parts, () => false)
      })
      t.match(report, { parts: estimate.parts, bytes: estimate.bytes }, 'as estimated')
      return [...before].filter(key => !keys().includes(key))
    }
  }
}

t.test('the least recently used goes first, and no more than need be', async t => {
  const { put, trim } = openShop(t)
  for (const [index, name] of ['c', 'a', 'd', 'b'].entries()) {
    put(`apt/debian/pool/${name}.deb`, 1000, 100 + index)
  }
  t.strictSame(await trim({ budgetBytes: 4000 }), [], 'within the budget')
  t.strictSame(await trim({ budgetBytes: 3999 }), ['apt/debian/pool/c.deb'], 'a tenth below it')
  t.strictSame(await trim({ budgetBytes: 2000 }), [
    'apt/debian/pool/a.deb',
    'apt/debian/pool/d.deb'
  ])
  t.strictSame(await trim({ budgetBytes: 1 }), ['apt/debian/pool/b.deb'], 'smaller than any')
})

t.test('what is published, pushed or pinned is not cache', async t => {
  const { world, put, trim, keys } = openShop(t)
  const { catalog, database } = world
  catalog.host('apt/local', 1)
  put('apt/local/pool/mine.deb', 5000, 1)
  put('apt/local/dists/stable/InRelease', 100, 1, { version: true })
  put('apt/local/dists/stable/InRelease', 100, 2, { version: true })
  put('apt/local2/pool/other.deb', 10, 1)
  const pinned = put('url/host/pinned', 5000, 1)
  for (const [table, values] of [
    ['registry_blobs', "'r', 'd', ?, 1, 1"],
    ['registry_manifests', "'r', 'd', ?, 1, 1, 'm', NULL, NULL, NULL"],
    ['registry_packages', "'p', 1, 'd', ?, 1, 1"],
    ['registry_tarballs', "'p', 'f', 'd', ?, 1, 1"]
  ] as const) {
    const { cid } = put(`oci/hub/${table}`, 5000, 1)
    database.write(() =>
      database.statement(`INSERT INTO ${table} VALUES (${values})`).run(cid.bytes)
    )
  }
  t.equal(cacheSize(database, [pinned.cid.bytes]).cachedBytes, 10)
  const held = keys().length
  t.strictSame(await trim({ budgetBytes: 1, unusedMs: 1 }, [pinned.cid]), [
    'apt/local2/pool/other.deb'
  ])
  t.equal(keys().length, held - 1)
  const versions = database.statement('SELECT count(*) AS n FROM catalog_versions').get()?.n
  t.equal(versions, 2, 'a hosted archive keeps what it was, too')
  t.strictSame(await trim({ budgetBytes: 1 }), ['url/host/pinned'], 'once it is not pinned')
})

t.test('of what changes the newest version stays; the others go by their time', async t => {
  const { world, put, trim, keys } = openShop(t)
  const { catalog, database } = world
  const release = 'apt/debian/dists/stable/InRelease'
  for (const ms of [10, 20, 30]) put(release, 1000, ms, { version: true })
  put('apt/debian/pool/a.deb', 1000, 25)
  put('url/host/file', 1000, 5, { version: true })
  const manifest = put(`oci/hub/manifests/tagged`, 1000, 1)
  database.write(() =>
    database
      .statement("INSERT INTO registry_pointers VALUES ('oci/hub/tag', ?, 1)")
      .run(manifest.digests[0]!)
  )
  t.equal(cacheSize(database, []).indexBytes, 2000)
  await trim({ budgetBytes: 4500 })
  t.equal(catalog.get('url/host/file'), undefined, 'a plain URL is no index')
  t.equal(catalog.versionAt(release, 10), undefined, 'the oldest version')
  t.equal(catalog.versionAt(release, 20)?.storedMs, 20)
  t.strictSame(await trim({ budgetBytes: 1 }), ['apt/debian/pool/a.deb'])
  t.equal(catalog.versionAt(release, 20), undefined)
  t.strictSame(keys(), [release, 'oci/hub/manifests/tagged'])
  t.equal(catalog.versionAt(release, 30)?.storedMs, 30)
  t.strictSame(cacheSize(database, []), { cachedBytes: 2000, indexBytes: 2000 })
})

t.test('a content is one, whatever its names, and goes by the last use of any', async t => {
  const { world, put, trim } = openShop(t)
  const index = put('apt/debian/dists/stable/main/Packages', 1000, 10, { version: true })
  put('apt/debian/dists/stable/main/by-hash/SHA256/aa', 1000, 10, { as: index })
  const shared = put('npm/a/-/a-1.tgz', 1000, 1)
  put('npm/+other/a/-/a-1.tgz', 1000, 50, { as: shared })
  put('npm/b/-/b-1.tgz', 1000, 40)
  t.strictSame(cacheSize(world.database, []), { cachedBytes: 3000, indexBytes: 1000 })
  t.strictSame(await trim({ budgetBytes: 2900 }), ['npm/b/-/b-1.tgz'])
  t.strictSame(await trim({ budgetBytes: 1900 }), ['npm/+other/a/-/a-1.tgz', 'npm/a/-/a-1.tgz'])
  t.equal(world.catalog.byDigest(shared.digests[0]!), undefined)
  t.strictSame(await trim({ budgetBytes: 1 }), [], 'what an index is, by any name')
})

t.test('what an archive was unpacked to counts, and goes without it', async t => {
  const { world, put, trim } = openShop(t)
  const { catalog, store } = world
  const key = 'apt/debian/pool/a.deb'
  put(key, 1000, 500)
  const cid = makeCid(0x55, store.add(Buffer.from('a tree')))
  catalog.setUnpacked(key, { cid, archive: catalog.get(key)!.cid, bytes: 4000 }, 20)
  t.equal(cacheSize(world.database, []).cachedBytes, 5000)
  catalog.useUnpacked([key], 600)
  const other = 'apt/debian/pool/b.deb'
  put(other, 1000, 550)
  t.strictSame(await trim({ budgetBytes: 5900 }), [key], 'its tree, looked at since, goes with it')
  t.equal(catalog.unpacked(key), undefined)
  put(key, 1000, 700)
  catalog.setUnpacked(key, { cid, archive: catalog.get(key)!.cid, bytes: 4000 }, 20)
  t.strictSame(await trim({ budgetBytes: 5900 }), [])
  t.equal(catalog.unpacked(key), undefined, 'the tree alone')
  t.ok(catalog.get(key))
  catalog.setUnpacked(key, { cid, archive: catalog.get(key)!.cid, bytes: 4000 }, 20)
  t.strictSame(await trim({ budgetBytes: 1 }, [cid]), [key, other])
})

t.test('what was not used for long goes, whatever the budget', async t => {
  const { put, trim } = openShop(t)
  put('apt/debian/pool/old.deb', 1000, nowMs - 1001)
  put('apt/debian/pool/young.deb', 1000, nowMs - 1000)
  put('apt/debian/dists/a/Release', 1000, 1, { version: true })
  t.strictSame(await trim({ unusedMs: 1000 }), ['apt/debian/pool/old.deb'])
  t.strictSame(await trim({}), [], 'no bound, nothing goes')
})

t.test('what is in use, or was used meanwhile, stays, and others go for it', async t => {
  const { world, put, keys } = openShop(t)
  const { catalog, database } = world
  for (const [index, name] of ['read', 'used', 'third', 'fourth'].entries()) {
    put(`url/host/${name}`, 1000, 1 + index)
  }
  const reading = catalog.get('url/host/read')?.cid
  const policy = { budgetBytes: 2000, unusedMs: undefined }
  const report = await trimCache({
    ...{ database, policy, nowMs, pinned: [] },
    drop: parts => {
      catalog.use([['url/host/used', nowMs]])
      return dropParts(database, parts, ({ cid }) => reading?.equals(CID.decode(cid)) === true)
    }
  })
  t.match(report, { parts: 2, refused: 2, cachedBytes: 2000 })
  t.strictSame(keys(), ['url/host/read', 'url/host/used'])
  t.match(new RetentionState(database).read(), {
    cachedBytes: 2000,
    droppedParts: 2,
    droppedBytes: 2000,
    measuredMs: nowMs
  })
})

t.test('the last use is written down now and then, many at once', async t => {
  const { world, origin } = await setUpPull(t)
  const ask = async (name: string) => {
    const wanted = wantedItem(origin, name)
    for await (const _ of (await world.pull.fetch(wanted)).body());
    return world.catalog.get(wanted.key)
  }
  const names = Array.from({ length: bounds.usesTogether }, (_, index) => `item-${index}`)
  for (const name of names) origin.items.set(name, { body: Buffer.from(name) })
  for (const name of names) await ask(name)
  await until(() => world.pull.statistics().flights === 0)
  const first = Math.max(...[...world.catalog.items('')].map(({ usedMs }) => usedMs))
  let writes = 0
  const { use } = world.catalog
  world.catalog.use = uses => {
    writes++
    use.call(world.catalog, uses)
  }
  for (const name of names) await ask(name)
  t.equal(writes, 0, 'it was used a moment ago')
  world.clock.advance(bounds.useGranularityMs + 60_000)
  for (const name of names) await ask(name)
  t.ok(writes > 0 && writes <= 3, `${writes} writes for ${names.length} uses`)
  const old = [...world.catalog.items('')].filter(({ usedMs }) => usedMs <= first)
  t.strictSame(old, [], 'all were written')
})
