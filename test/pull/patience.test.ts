import { randomBytes } from 'node:crypto'
import t from 'tap'
import { inSteps, silence, status } from '../lib/fake-origin.ts'
import {
  arriving,
  bodyOf,
  noPatience,
  setUpPull,
  shortPatience,
  until,
  wantedItem
} from '../lib/pull-world.ts'

const sample = (bytes: number): Buffer => randomBytes(bytes)
const mutable = { freshness: { kind: 'mutable', maxAgeMs: 60_000 } } as const

async function drain(pieces: AsyncIterator<Uint8Array>): Promise<void> {
  while ((await pieces.next()).done !== true);
}

t.test('an upstream that never answers is a timeout', async t => {
  const { world, origin } = await setUpPull(t, { patience: noPatience })
  const body = sample(10)
  origin.items.set('a', { body })
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'a', mutable)))
  await until(() => world.pull.statistics().flights === 0)
  origin.items.set('a', { body, faults: [silence()] })
  world.clock.advance(60_000)
  const answer = await world.pull.fetch(wantedItem(origin, 'a', mutable))
  t.equal(answer.from, 'stale', 'with something held: that, soon')
  t.match(world.warnings, [{ facts: { code: 'timeout' } }])
})

t.test('the head of an answer is waited for once, however often it is asked for', async t => {
  const { world, origin } = await setUpPull(t, { patience: { ...noPatience, headMs: 1_000 } })
  const body = sample(100)
  origin.items.set('a', { body, faults: [status(503), silence(), status(503), status(503)] })
  await t.rejects(world.pull.fetch(wantedItem(origin, 'a')), { code: 'timeout' })
  t.equal(origin.count('a'), 2, 'nobody is asked when the time is up')
})

t.test('a pause that would outlast the time for the head is not begun', async t => {
  const patience = { ...noPatience, headMs: 19_000, backOffMs: 20_000 }
  const { world, origin } = await setUpPull(t, { patience })
  origin.items.set('a', { body: sample(100), faults: [status(503)] })
  await t.rejects(world.pull.fetch(wantedItem(origin, 'a')), { code: 'upstream', message: /503/ })
})

t.test('an upstream that failed a moment ago is asked for less patience', async t => {
  const { world, origin } = await setUpPull(t)
  const failing = () => ({ body: sample(10), faults: Array.from({ length: 9 }, () => status(503)) })
  for (const path of ['a', 'b', 'c']) origin.items.set(path, failing())
  const ask = (path: string) => world.pull.fetch(wantedItem(origin, path))
  await t.rejects(ask('a'), { code: 'upstream' })
  t.equal(origin.count('a'), 4)
  await t.rejects(ask('b'), { code: 'upstream' })
  t.equal(origin.count('b'), 2)
  world.clock.advance(10_001)
  await t.rejects(ask('c'), { code: 'upstream' })
  t.equal(origin.count('c'), 4, 'and a while later with all of it')
})

t.test('a body that breaks off has the time for a head again', async t => {
  const { world, origin } = await setUpPull(t, { patience: { ...shortPatience, headMs: 1000 } })
  const item = { body: sample(500_000), etag: '"1"', ranges: true }
  const steps = inSteps(item, 100_000)
  origin.items.set('a', { ...item, faults: [steps.fault] })
  const answer = await world.pull.fetch(wantedItem(origin, 'a'))
  const pieces = arriving(answer)
  steps.next()
  await pieces.next()
  await new Promise(resolve => setTimeout(resolve, 1100))
  steps.cut()
  await t.resolves(drain(pieces), 'longer ago than the head may take')
})
