import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { makeNpmAdapter } from '../../adapters/npm/adapter.ts'
import { packumentOf, shapedPackument, sourceOf } from '../../adapters/npm/classify.ts'
import { openDocuments } from '../../adapters/npm/documents.ts'
import { digestOf } from '../../src/base/digest.ts'
import type { Adapter, Classification } from '../../src/pull/adapter.ts'
import { type FakeOrigin, openFakeOrigin } from '../lib/fake-origin.ts'
import { bodyOf, openPullWorld, type PullWorld, until, wantedItem } from '../lib/pull-world.ts'

/** What a power cut leaves: rows of the catalog whose blocks did not reach the disk. */

interface Setting {
  world: PullWorld
  origin: FakeOrigin
  get: (path: string, more?: Partial<Classification>) => Promise<Buffer>
}

async function setUp(t: Test, adapters: readonly Adapter[] = []): Promise<Setting> {
  const origin = await openFakeOrigin()
  const world = openPullWorld({ adapters })
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  const get = async (path: string, more: Partial<Classification> = {}): Promise<Buffer> => {
    const body = await bodyOf(await world.pull.fetch(wantedItem(origin, path, more)))
    await until(() => world.pull.statistics().flights === 0)
    return body
  }
  return { world, origin, get }
}

/** Loses the last leaf of an item, not its root. */
function loseLeaf(world: PullWorld, key: string): void {
  const blocks = [...world.reader.walk(world.catalog.get(key)!.cid)]
  world.store.remove([blocks.at(-1)!.multihash])
}

const large = randomBytes(3_000_000)
const mutable = { freshness: { kind: 'mutable', maxAgeMs: 60_000 } } as const

t.test('an item that lost a leaf is fetched again before anyone is answered', async t => {
  const { world, origin, get } = await setUp(t)
  origin.items.set('a', { body: large })
  await get('a')
  loseLeaf(world, 'fake/a')
  t.same(await get('a'), large)
  t.equal(origin.count('a'), 2)
  t.same(await get('a'), large)
  t.equal(origin.count('a'), 2, 'and is held')
})

t.test('a leaf that goes while the item is in use costs one answer', async t => {
  const { world, origin, get } = await setUp(t)
  origin.items.set('a', { body: large })
  await get('a')
  await get('a')
  loseLeaf(world, 'fake/a')
  await t.rejects(get('a'), { code: 'missing' })
  t.same(await get('a'), large)
})

t.test('the same bytes under another key are no way back to what was lost', async t => {
  const { world, origin, get } = await setUp(t)
  for (const path of ['a', 'b']) origin.items.set(path, { body: large })
  const digest = digestOf('sha256', large)
  await get('a', { digest })
  await get('b', { digest })
  t.equal(origin.requests.length, 1, 'b is a copy')
  await get('a', { digest })
  loseLeaf(world, 'fake/a')
  await t.rejects(get('b', { digest }), { code: 'missing' })
  t.same(await get('b', { digest }), large)
  t.same(await get('a', { digest }), large)
  t.equal(origin.requests.length, 2)
})

t.test('a revalidation that brings the bytes again stores what was lost of them', async t => {
  const { world, origin, get } = await setUp(t)
  origin.items.set('a', { body: large })
  await get('a', mutable)
  loseLeaf(world, 'fake/a')
  world.clock.advance(60_000)
  t.same(await get('a', mutable), large)
  t.same(await get('a', mutable), large)
  t.equal(origin.count('a'), 2)
})

t.test('a document that lost a block is learnt once it is here again', async t => {
  let lose = true
  const learning: Adapter = {
    name: 'fake',
    classify: () => undefined,
    async *learn(_item, document) {
      if (lose) loseLeaf(world, 'fake/Packages')
      lose = false
      for await (const _ of document);
      yield { key: 'fake/u/x', digest: digestOf('sha256', large) }
    }
  }
  const { world, origin, get } = await setUp(t, [learning])
  origin.items.set('Packages', { body: large })
  await get('Packages', { document: 'fake/u/index' })
  await world.pull.learnt()
  t.equal(world.catalog.expected('fake/u/x'), undefined)
  await get('Packages', { document: 'fake/u/index' })
  await world.pull.learnt()
  t.equal(world.catalog.expected('fake/u/x')?.digest, digestOf('sha256', large))
})

t.test('a packument and what was made of it come back', async t => {
  const documents = openDocuments()
  const { world, origin } = await setUp(t, [makeNpmAdapter(documents)])
  const document = { name: 'foo', versions: { '1.0.0': { dist: { shasum: 'a'.repeat(40) } } } }
  origin.items.set('foo', { body: Buffer.from(JSON.stringify(document)), etag: '"1"' })
  const source = packumentOf(sourceOf({ name: 'npm', url: origin.url }), 'foo')
  const shape = { form: 'full', base: 'http://cairn.test/', cutoffMs: undefined, view: '' } as const
  const wanted = shapedPackument(source, 'npm/', 'foo', shape, documents)
  const ask = async (): Promise<object> =>
    JSON.parse(gunzipSync(await bodyOf(await world.pull.fetch(wanted))).toString())
  t.match(await ask(), { name: 'foo' })
  const held = world.catalog.get(source.key)!
  const made = world.catalog.get(wanted.key)!
  for (const lost of [[made], [held], [held, made]]) {
    world.store.remove(lost.map(({ cid }) => cid.multihash.bytes))
    t.match(await ask(), { name: 'foo' })
  }
  t.equal(origin.count('foo'), 3)
})
