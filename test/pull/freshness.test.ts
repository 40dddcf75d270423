import { randomBytes } from 'node:crypto'
import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import { cutAfter, status } from '../lib/fake-origin.ts'
import { bodyOf, setUpPull, until, wantedItem } from '../lib/pull-world.ts'

const sample = (bytes: number): Buffer => randomBytes(bytes)
const mutable = { freshness: { kind: 'mutable', maxAgeMs: 60_000 } } as const
const longAgo = 'Tue, 01 Apr 2025 08:00:00 GMT'
/** Longer than an upstream that failed is left alone. */
const restMs = 11_000

t.test('freshness', async t => {
  await t.test('an immutable item is never asked for again', async t => {
    const { world, origin } = await setUpPull(t)
    origin.items.set('a', { body: sample(10) })
    await bodyOf(await world.pull.fetch(wantedItem(origin, 'a')))
    await until(() => world.pull.statistics().flights === 0)
    await origin.down()
    world.clock.advance(1e11)
    const answer = await world.pull.fetch(wantedItem(origin, 'a'))
    t.equal(answer.from, 'store')
    t.equal((await bodyOf(answer)).length, 10)
  })
  await t.test('a mutable one is revalidated with its validators once it is old', async t => {
    const { world, origin } = await setUpPull(t)
    origin.items.set('a', { body: sample(10), etag: '"v1"', lastModified: longAgo })
    const wanted = wantedItem(origin, 'a', mutable)
    t.equal((await world.pull.fetch(wanted)).lastModified, longAgo)
    await until(() => world.pull.statistics().flights === 0)
    await world.pull.fetch(wanted)
    t.equal(origin.count('a'), 1, 'young: not asked')
    world.clock.advance(60_000)
    t.equal((await bodyOf(await world.pull.fetch(wanted))).length, 10)
    t.match(origin.requests[1], {
      status: 304,
      headers: { 'if-none-match': '"v1"', 'if-modified-since': longAgo }
    })
    await until(() => world.pull.statistics().flights === 0)
    await world.pull.fetch(wanted)
    t.equal(origin.count('a'), 2, 'young again')
  })
  await t.test(
    'without validators the same bytes keep their date, others get a later one',
    async t => {
      const { world, origin } = await setUpPull(t)
      origin.items.set('a', { body: Buffer.from('one') })
      const wanted = wantedItem(origin, 'a', mutable)
      const { lastModified } = await world.pull.fetch(wanted)
      await until(() => world.pull.statistics().flights === 0)
      world.clock.advance(60_000)
      t.equal((await world.pull.fetch(wanted)).lastModified, lastModified)
      t.equal(origin.count('a'), 2)
      origin.items.set('a', { body: Buffer.from('two') })
      world.clock.advance(60_000)
      const changed = await world.pull.fetch(wanted)
      t.ok(Date.parse(changed.lastModified) > Date.parse(lastModified))
      t.equal((await bodyOf(changed)).toString(), 'two')
    }
  )
})

t.test('what is held is served stale', async t => {
  for (const [name, faults] of Object.entries({
    'when the upstream says 500': [status(500)],
    'when it wants a login': [status(401)],
    'when it has had enough of us': [status(429)]
  })) {
    await t.test(name, async t => {
      const { world, origin } = await setUpPull(t)
      const body = sample(10)
      origin.items.set('a', { body })
      const wanted = wantedItem(origin, 'a', mutable)
      await bodyOf(await world.pull.fetch(wanted))
      await until(() => world.pull.statistics().flights === 0)
      origin.items.set('a', { body: sample(10), faults: [...faults] })
      world.clock.advance(60_000)
      const answer = await world.pull.fetch(wanted)
      t.equal(answer.from, 'stale')
      t.same(await bodyOf(answer), body)
      await world.pull.fetch(wanted)
      t.equal(origin.count('a'), 2, 'the upstream is left alone for a while')
      world.clock.advance(restMs)
      t.equal((await world.pull.fetch(wanted)).from, 'upstream')
    })
  }
  await t.test('when its new version breaks off half way', async t => {
    const { world, origin } = await setUpPull(t)
    const body = sample(100_000)
    origin.items.set('a', { body })
    const wanted = wantedItem(origin, 'a', mutable)
    await bodyOf(await world.pull.fetch(wanted))
    await until(() => world.pull.statistics().flights === 0)
    const next = { body: sample(200_000) }
    origin.items.set('a', { ...next, faults: [cutAfter(100_000, next)] })
    world.clock.advance(60_000)
    t.same(await bodyOf(await world.pull.fetch(wanted)), body)
  })
  await t.test('but not when the index already names other bytes', async t => {
    const { world, origin } = await setUpPull(t)
    origin.items.set('Packages', { body: sample(10), faults: [] })
    const wanted = wantedItem(origin, 'Packages', mutable)
    await bodyOf(await world.pull.fetch(wanted))
    await until(() => world.pull.statistics().flights === 0)
    const digest = digestOf('sha256', sample(10))
    const learning = world.catalog.learn('InRelease', { digest, learntMs: 1 })
    learning.add([{ key: wanted.key, digest }])
    learning.commit()
    await origin.down()
    await t.rejects(world.pull.fetch(wanted), { code: 'upstream' })
  })
})
