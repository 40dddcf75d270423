import { randomBytes } from 'node:crypto'
import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import { cutAfter, inSteps, neverEnds, stallAfter, status } from '../lib/fake-origin.ts'
import { arriving, bodyOf, noPatience, setUpPull, until, wantedItem } from '../lib/pull-world.ts'

async function drain(pieces: AsyncIterator<Uint8Array>): Promise<void> {
  while ((await pieces.next()).done !== true);
}

const sample = (bytes: number): Buffer => randomBytes(bytes)
const mutable = { freshness: { kind: 'mutable', maxAgeMs: 60_000 } } as const
const longAgo = 'Tue, 01 Apr 2025 08:00:00 GMT'

t.test('a body that is not what the index names is never had whole, and not stored', async t => {
  const { world, origin } = await setUpPull(t)
  const right = sample(300_000)
  const wrong = Buffer.from(right)
  wrong[299_999] = right[299_999]! ^ 1
  origin.items.set('a.deb', { body: wrong })
  const wanted = wantedItem(origin, 'a.deb', { digest: digestOf('sha256', right) })
  const answer = await world.pull.fetch(wanted)
  let seen = 0
  await t.rejects(
    async () => {
      for await (const piece of answer.body()) seen += piece.length
    },
    { code: 'mismatch' }
  )
  t.ok(seen < wrong.length, 'the last byte was held back')
  t.equal(world.catalog.get(wanted.key), undefined)
  t.equal(world.store.statistics().blocks, 0, 'nothing reached the store')
  t.equal(origin.count('a.deb'), 1, 'wrong bytes are not asked for again')
})

t.test('a length other than the index names is refused before the first byte', async t => {
  const { world, origin } = await setUpPull(t)
  const body = sample(1000)
  origin.items.set('a.deb', { body })
  const learning = world.catalog.learn('Packages', {
    digest: digestOf('sha256', body),
    learntMs: 1
  })
  learning.add([{ key: 'fake/a.deb', digest: digestOf('sha256', body), bytes: 999 }])
  learning.commit()
  await t.rejects(world.pull.fetch(wantedItem(origin, 'a.deb')), { code: 'mismatch' })
})

t.test('a body that never ends is cut when the index says how long it is', async t => {
  const { world, origin } = await setUpPull(t)
  const digest = digestOf('sha256', sample(10))
  origin.items.set('a.deb', { body: Buffer.alloc(0), faults: [neverEnds()] })
  const learning = world.catalog.learn('Packages', { digest, learntMs: 1 })
  learning.add([{ key: 'fake/a.deb', digest, bytes: 5_000_000 }])
  learning.commit()
  const answer = await world.pull.fetch(wantedItem(origin, 'a.deb'))
  await t.rejects(bodyOf(answer), { code: 'mismatch' })
})

t.test('an upstream that stops sending is given up and asked for the rest', async t => {
  const { world, origin } = await setUpPull(t, { patience: noPatience })
  const item = { body: sample(500_000), etag: '"1"', ranges: true }
  origin.items.set('a', { ...item, faults: [stallAfter(200_000, item)] })
  const answer = await world.pull.fetch(wantedItem(origin, 'a'))
  t.same(await bodyOf(answer), item.body)
  t.match(origin.requests[1]?.headers, { range: /^bytes=\d+-$/, 'if-range': '"1"' })
  t.equal(origin.requests[1]?.status, 206)
})

t.test('a connection that breaks', async t => {
  const body = sample(500_000)
  const rows = [
    { name: 'is resumed by range when a validator vouches', lastModified: longAgo, ranges: true },
    { name: 'is resumed by range when the bytes are immutable', ranges: true },
    { name: 'is compared and skipped over when the upstream knows no ranges', ranges: false }
  ]
  for (const { name, ...rest } of rows) {
    await t.test(name, async t => {
      const { world, origin } = await setUpPull(t)
      const item = { body, ...rest }
      origin.items.set('a', { ...item, faults: [cutAfter(123_456, item), status(503)] })
      t.same(await bodyOf(await world.pull.fetch(wantedItem(origin, 'a'))), body)
      t.equal(origin.count('a'), 3)
      await until(() => world.pull.statistics().flights === 0)
      t.equal(world.catalog.get('fake/a')?.digests[0], digestOf('sha256', body))
    })
  }
  await t.test('is not joined to the rest of another version', async t => {
    const { world, origin } = await setUpPull(t)
    const steps = inSteps({ body }, 100_000)
    origin.items.set('a', { body: sample(500_000), faults: [steps.fault] })
    const answer = await world.pull.fetch(wantedItem(origin, 'a', mutable))
    const pieces = arriving(answer)
    steps.next()
    await pieces.next()
    steps.cut()
    await t.rejects(drain(pieces), { code: 'upstream', message: /changed upstream/ })
    t.equal(world.catalog.get('fake/a'), undefined)
  })
  await t.test('again and again is given up', async t => {
    const { world, origin } = await setUpPull(t)
    const item = { body }
    const cut = cutAfter(1000, item)
    origin.items.set('a', { body, faults: [cut, cut, cut, cut, cut, cut] })
    const answer = await world.pull.fetch(wantedItem(origin, 'a'))
    await t.rejects(bodyOf(answer), { code: 'upstream', message: /ended|aborted|reset/ })
    t.equal(origin.count('a'), 4)
  })
})

t.test('errors that may pass are asked again, others not', async t => {
  for (const { code, requests, error } of [
    { code: 503, requests: 2, error: undefined },
    { code: 429, requests: 2, error: undefined },
    { code: 403, requests: 1, error: 'upstream' },
    { code: 404, requests: 1, error: 'not-found' },
    { code: 410, requests: 1, error: 'not-found' }
  ]) {
    await t.test(`${code}`, async t => {
      const { world, origin } = await setUpPull(t)
      origin.items.set('a', { body: sample(10), faults: [status(code)] })
      const fetched = world.pull.fetch(wantedItem(origin, 'a'))
      if (error === undefined) t.equal((await bodyOf(await fetched)).length, 10)
      else await t.rejects(fetched, { code: error })
      t.equal(origin.count('a'), requests)
    })
  }
})

t.test('"not found" is believed for a short time', async t => {
  const { world, origin } = await setUpPull(t)
  const wanted = wantedItem(origin, 'later')
  await t.rejects(world.pull.fetch(wanted), { code: 'not-found' })
  origin.items.set('later', { body: sample(5) })
  await t.rejects(world.pull.fetch(wanted), { code: 'not-found' })
  t.equal(origin.count('later'), 1)
  world.clock.advance(30_001)
  t.equal((await bodyOf(await world.pull.fetch(wanted))).length, 5)
})

t.test('50 clients of one cold item are one request, also when the first hangs up', async t => {
  const { world, origin } = await setUpPull(t)
  const body = sample(20_000_000)
  const item = { body }
  const steps = inSteps(item, 4_000_000)
  origin.items.set('big', { body, faults: [steps.fault] })
  const wanted = wantedItem(origin, 'big')
  const first = new AbortController()
  const leaving = world.pull.fetch(wanted, { signal: first.signal })
  const others = Array.from({ length: 49 }, async () => {
    const answer = await world.pull.fetch(wanted)
    return digestOf('sha256', await bodyOf(answer))
  })
  const left = arriving(await leaving)
  steps.next()
  await left.next()
  first.abort()
  for (let step = 0; step < 4; step++) steps.next()
  const digests = new Set(await Promise.all(others))
  t.same([...digests], [digestOf('sha256', body)])
  t.equal(origin.count('big'), 1)
  await until(() => world.pull.statistics().flights === 0)
  t.equal(world.pull.statistics().bytesFetched, body.length)
})

t.test('a reader joins a flight in the middle and reads a range that has arrived', async t => {
  const { world, origin } = await setUpPull(t)
  const body = sample(3_000_000)
  const steps = inSteps({ body }, 1_000_000)
  origin.items.set('big', { body, faults: [steps.fault] })
  const wanted = wantedItem(origin, 'big')
  const first = world.pull.fetch(wanted)
  steps.next()
  const begun = bodyOf(await first)
  const joined = await world.pull.fetch(wanted)
  t.equal(joined.from, 'flight')
  const range = { start: 10_000, end: 900_000 }
  t.same(await bodyOf(joined, range), body.subarray(range.start, range.end))
  steps.next()
  steps.next()
  t.same(await begun, body)
})

t.test('a flight that lost its last reader', async t => {
  await t.test('is finished when little is left of it', async t => {
    const { world, origin } = await setUpPull(t)
    const body = sample(1_000_000)
    const steps = inSteps({ body }, 500_000)
    origin.items.set('a', { body, faults: [steps.fault] })
    const client = new AbortController()
    await world.pull.fetch(wantedItem(origin, 'a'), { signal: client.signal })
    client.abort()
    steps.next()
    steps.next()
    await until(() => world.pull.statistics().flights === 0)
    t.equal(world.catalog.get('fake/a')?.bytes, body.length)
  })
  await t.test('is given up when much is left, and a new client gets a new one', async t => {
    const { world, origin } = await setUpPull(t)
    const body = sample(40_000_000)
    const steps = inSteps({ body }, 500_000)
    origin.items.set('a', { body, faults: [steps.fault] })
    const client = new AbortController()
    await world.pull.fetch(wantedItem(origin, 'a'), { signal: client.signal })
    client.abort()
    const answer = await world.pull.fetch(wantedItem(origin, 'a'))
    t.equal(answer.from, 'upstream')
    t.equal(digestOf('sha256', await bodyOf(answer)), digestOf('sha256', body))
    t.equal(origin.count('a'), 2)
  })
})

t.test('the same digest under another key is no download', async t => {
  const { world, origin } = await setUpPull(t)
  const body = sample(1000)
  origin.items.set('pool/a.deb', { body })
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'pool/a.deb')))
  await until(() => world.pull.statistics().flights === 0)
  const wanted = wantedItem(origin, 'by-hash/x', { digest: digestOf('sha256', body) })
  const answer = await world.pull.fetch(wanted)
  t.equal(answer.from, 'store')
  t.same(await bodyOf(answer), body)
  t.equal(origin.requests.length, 1)
})

t.test('an item whose blocks are gone is fetched again', async t => {
  const { world, origin } = await setUpPull(t)
  origin.items.set('a', { body: sample(1000) })
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'a')))
  await until(() => world.pull.statistics().flights === 0)
  world.store.remove([world.catalog.get('fake/a')!.cid.multihash.bytes])
  t.equal((await bodyOf(await world.pull.fetch(wantedItem(origin, 'a')))).length, 1000)
  t.equal(origin.count('a'), 2)
})

t.test('an empty body is a body', async t => {
  const { world, origin } = await setUpPull(t)
  origin.items.set('empty', { body: Buffer.alloc(0) })
  t.equal((await bodyOf(await world.pull.fetch(wantedItem(origin, 'empty')))).length, 0)
  await until(() => world.pull.statistics().flights === 0)
  t.equal(world.catalog.get('fake/empty')?.bytes, 0)
})
