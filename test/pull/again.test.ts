import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/base/database.ts'
import { digestOf } from '../../src/base/digest.ts'
import { homePaths } from '../../src/base/home.ts'
import { WhileUnchanged } from '../../src/base/while-unchanged.ts'
import { openCatalog } from '../../src/pull/catalog.ts'
import { bodyOf, setUpPull, until, wantedItem } from '../lib/pull-world.ts'

const body = Buffer.from('bytes of a package')

/** An item that was answered from the store twice. */
async function setUpWarm(t: Test) {
  const { world, origin } = await setUpPull(t)
  origin.items.set('a', { body })
  const wanted = wantedItem(origin, 'a')
  await bodyOf(await world.pull.fetch(wanted))
  await until(() => world.pull.statistics().flights === 0)
  const fetch = async (more: object = {}) => {
    const answer = await world.pull.fetch({ ...wanted, ...more })
    return { answer, body: await bodyOf(answer) }
  }
  t.equal((await fetch()).answer.from, 'store')
  t.equal((await fetch()).answer.from, 'store')
  const database = openDatabase(homePaths(world.home).database)
  t.teardown(() => database.close())
  return { world, origin, wanted, fetch, elsewhere: openCatalog(database) }
}

t.test('an item that went, by the hand of another connection, is fetched again', async t => {
  const { world, origin, wanted, fetch, elsewhere } = await setUpWarm(t)
  elsewhere.remove(wanted.key)
  await turn()
  t.equal((await fetch()).answer.from, 'upstream')
  t.equal(origin.count('a'), 2)
  world.catalog.remove(wanted.key)
  t.equal((await fetch()).answer.from, 'upstream', 'own changes show at once')
  t.equal(origin.count('a'), 3)
})

t.test('an index that names other bytes counts from its commit on', async t => {
  const { wanted, fetch, elsewhere } = await setUpWarm(t)
  const digest = digestOf('sha256', Buffer.from('others'))
  const learning = elsewhere.learn('test/index', { digest, learntMs: Date.now() })
  learning.add([{ key: wanted.key, digest, bytes: 6 }])
  await turn()
  t.equal((await fetch()).answer.from, 'store', 'not yet in force')
  learning.commit()
  await turn()
  await t.rejects(fetch(), { code: 'mismatch' })
})

t.test('what is asked for by another digest, or as another type, is another question', async t => {
  const { fetch } = await setUpWarm(t)
  await t.rejects(fetch({ digest: digestOf('sha256', Buffer.from('others')) }), {
    code: 'mismatch'
  })
  t.equal((await fetch({ mediaType: 'text/plain' })).answer.mediaType, 'text/plain')
})

t.test('hits and bytes count as ever, and the body can be read each time', async t => {
  const { world, fetch } = await setUpWarm(t)
  const before = world.pull.statistics()
  t.same((await fetch()).body, body)
  t.same((await fetch()).body, body)
  const { hits, requests, bytesServed } = world.pull.statistics()
  t.equal(hits - before.hits, 2)
  t.equal(requests - before.requests, 2)
  t.equal(bytesServed - before.bytesServed, 2 * body.length)
})

t.test('a mutable item is asked for again when its time is over', async t => {
  const { world, origin } = await setUpPull(t)
  origin.items.set('a', { body })
  const wanted = wantedItem(origin, 'a', { freshness: { kind: 'mutable', maxAgeMs: 60_000 } })
  await bodyOf(await world.pull.fetch(wanted))
  await until(() => world.pull.statistics().flights === 0)
  for (let times = 0; times < 3; times++) await bodyOf(await world.pull.fetch(wanted))
  t.equal(origin.count('a'), 1)
  world.clock.advance(60_000)
  await bodyOf(await world.pull.fetch(wanted))
  t.equal(origin.count('a'), 2)
})

t.test('what was read before a change is not kept after it', async t => {
  let version: number | undefined = 1
  const kept = new WhileUnchanged<string>({ version: () => version }, 2)
  const asked = kept.version()
  version = 2
  kept.keep('a', 'old', asked)
  t.equal(kept.find('a'), undefined)
  t.equal(
    kept.get('a', () => 'new'),
    'new'
  )
  t.equal(
    kept.get('a', () => 'newer'),
    'new'
  )
  version = undefined
  t.equal(
    kept.get('a', () => 'inside of a transaction'),
    'inside of a transaction'
  )
  version = 2
  t.equal(kept.find('a'), undefined, 'what was kept before a transaction')
  for (const key of ['a', 'b', 'c']) kept.get(key, () => key)
  t.equal(kept.find('a'), undefined, 'no more than so many')
  t.equal(kept.find('c'), 'c')
})

t.test(
  'long keys are kept as long as there is room for them, and none that is longer than all of it',
  t => {
    const kept = new WhileUnchanged<number>({ version: () => 1 }, 100, 10)
    for (const [at, key] of ['aaaa', 'bbbb', 'cccc', 'd'.repeat(11)].entries())
      kept.keep(key, at, kept.version())
    t.equal(kept.find('aaaa'), undefined, 'room was made')
    t.equal(kept.find('cccc'), 2)
    t.equal(kept.find('d'.repeat(11)), undefined)
    kept.keep('cccc', 5, kept.version())
    kept.keep('eeeeee', 6, kept.version())
    t.equal(kept.find('cccc'), 5, 'a key that comes again takes no more room')
    t.end()
  }
)
