import { randomBytes } from 'node:crypto'
import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import { limits } from '../../src/base/limits.ts'
import { type Misbehaviour, neverEnds, stallAfter, status, trickle } from '../lib/fake-origin.ts'
import { bodyOf, noPatience, setUpPull, until, wantedItem } from '../lib/pull-world.ts'

/** Answers that no upstream should give, or that leave something behind. */

t.test('answers that are not wanted give their connections back', async t => {
  const { world, origin } = await setUpPull(t)
  const moreThanConnections = 40
  for (let index = 0; index < moreThanConnections; index++) {
    await t.rejects(world.pull.fetch(wantedItem(origin, `none-${index}`)), { code: 'not-found' })
  }
})

t.test('an upstream that sends a byte now and then, for ever, is a timeout', async t => {
  const { world, origin } = await setUpPull(t, { patience: noPatience })
  const faults = Array.from({ length: 4 }, () => trickle(20))
  origin.items.set('a', { body: Buffer.alloc(0), faults })
  const answer = await world.pull.fetch(wantedItem(origin, 'a'))
  await t.rejects(bodyOf(answer), { code: 'timeout', message: /all but did/ })
  t.equal(origin.count('a'), 4)
})

t.test('a document that is longer than any index can be is refused', async t => {
  const { world, origin } = await setUpPull(t)
  const wanted = wantedItem(origin, 'Packages', { document: 'fake/index' })
  const announced: Misbehaviour = (_request, response) => {
    response.writeHead(200, { 'content-length': limits.documentBytes + 1 })
    response.flushHeaders()
  }
  origin.items.set('Packages', { body: Buffer.alloc(0), faults: [announced, neverEnds()] })
  await t.rejects(world.pull.fetch(wanted), { code: 'mismatch', message: /longer than/ })
  const endless = await world.pull.fetch(wanted)
  await t.rejects(bodyOf(endless), { code: 'mismatch', message: /longer than/ })
})

t.test('an encoding that nobody asked for is not kept as if it were the bytes', async t => {
  const { world, origin } = await setUpPull(t)
  const encoded: Misbehaviour = (_request, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip' }).end('packed')
  for (const path of ['InRelease', 'Packages.gz']) {
    origin.items.set(path, { body: Buffer.alloc(0), faults: [encoded] })
  }
  await t.rejects(world.pull.fetch(wantedItem(origin, 'InRelease')), { message: /sent encoded/ })
  const packed = await bodyOf(await world.pull.fetch(wantedItem(origin, 'Packages.gz')))
  t.equal(packed.toString(), 'packed', 'how some servers label a .gz file')
})

t.test('answers of a wrong length give their connections back', async t => {
  const { world, origin } = await setUpPull(t)
  const digest = digestOf('sha256', Buffer.from('right'))
  for (let index = 0; index < 40; index++) {
    const key = `fake/long-${index}`
    origin.items.set(`long-${index}`, { body: Buffer.alloc(2_000_000) })
    const learning = world.catalog.learn(key, { digest, learntMs: 1 })
    learning.add([{ key, digest, bytes: 5 }])
    learning.commit()
    await t.rejects(world.pull.fetch(wantedItem(origin, `long-${index}`)), { code: 'mismatch' })
  }
})

t.test(
  '"not modified" in the middle of a body fails its readers instead of leaving them',
  async t => {
    const { world, origin } = await setUpPull(t, { patience: noPatience })
    const item = { body: randomBytes(300_000), etag: '"1"', ranges: true }
    origin.items.set('a', { ...item, faults: [stallAfter(100_000, item), status(304)] })
    const answer = await world.pull.fetch(wantedItem(origin, 'a'))
    await t.rejects(bodyOf(answer), { code: 'upstream' })
    t.equal(world.catalog.get('fake/a'), undefined)
  }
)

t.test('"not modified" does not make bytes right that the index says are others', async t => {
  const { world, origin } = await setUpPull(t)
  origin.items.set('a', { body: Buffer.from('old') })
  const wanted = wantedItem(origin, 'a')
  await bodyOf(await world.pull.fetch(wanted))
  await until(() => world.catalog.get('fake/a') !== undefined)
  const digest = digestOf('sha256', Buffer.from('new'))
  const learning = world.catalog.learn('Packages', { digest, learntMs: 1 })
  learning.add([{ key: 'fake/a', digest }])
  learning.commit()
  origin.items.set('a', { body: Buffer.from('new'), faults: [status(304)] })
  await t.rejects(world.pull.fetch(wanted), { code: 'upstream' })
})

t.test('a rest of another version is refused, though the upstream ignores If-Range', async t => {
  const { world, origin } = await setUpPull(t, { patience: noPatience })
  const item = { body: randomBytes(300_000), etag: '"1"', ranges: true }
  const rest: Parameters<typeof stallAfter>[1] = {
    ...item,
    body: randomBytes(300_000),
    etag: '"2"'
  }
  origin.items.set('a', {
    ...item,
    faults: [
      stallAfter(100_000, item),
      (request, response) => {
        const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1])
        response.writeHead(206, {
          etag: '"2"',
          'content-range': `bytes ${start}-299999/300000`,
          'content-length': 300_000 - start
        })
        response.end(rest.body.subarray(start))
      }
    ]
  })
  await t.rejects(bodyOf(await world.pull.fetch(wantedItem(origin, 'a'))), { code: 'upstream' })
  t.equal(world.catalog.get('fake/a'), undefined)
})
