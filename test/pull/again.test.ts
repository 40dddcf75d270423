import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/base/database.ts'
import { digestOf } from '../../src/base/digest.ts'
import { homePaths } from '../../src/base/home.ts'
import { WhileUnchanged } from '../../src/base/while-unchanged.ts'
import type { PullAnswer } from '../../src/pull/api.ts'
import { openCatalog } from '../../src/pull/catalog.ts'
import { withKeptBody } from '../../src/pull/kept-body.ts'
import { bodyOf, setUpPull, until, wantedItem } from '../lib/pull-world.ts'

const body = Buffer.from('bytes of a package')
const emptyAnswer: PullAnswer = {
  key: 'test/a',
  mediaType: 'text/plain',
  bytes: 0,
  lastModified: new Date(0).toUTCString(),
  etag: undefined,
  from: 'store',
  body: () => []
}

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

t.test('what changes no item has nothing read again', async t => {
  const { world, fetch, elsewhere } = await setUpWarm(t)
  const { answer, ...rest } = await fetch()
  t.same(rest.body, body)
  const again = async () => {
    await turn()
    return (await fetch()).answer === answer
  }
  elsewhere.use([[answer.key, Date.now()]])
  t.ok(await again(), 'it was used')
  world.catalog.touch(answer.key, Date.now())
  t.ok(await again(), 'it was asked for again, and is still right')
  world.store.flush()
  world.database.write(() => world.database.statement('CREATE TABLE others (a)').run())
  t.ok(await again(), 'somebody wrote something else')
  elsewhere.host('test/b', Date.now())
  t.notOk(await again(), 'what a place holds is another question from then on')
})

t.test('what is answered again and again is noted as used once in ten minutes', async t => {
  const { world, wanted, fetch } = await setUpWarm(t)
  const { answer } = await fetch()
  const noted: number[] = []
  const { use } = world.catalog
  world.catalog.use = uses => {
    noted.push(...[...uses].map(([, usedMs]) => usedMs))
    use.call(world.catalog, uses)
  }
  for (let minute = 1; minute <= 25; minute++) {
    world.clock.advance(60_000)
    t.equal((await fetch()).answer, answer, 'from memory')
  }
  t.equal(noted.length, 2)
  t.equal(world.catalog.get(wanted.key)?.usedMs, noted.at(-1))
})

t.test('a short body is read once, whatever memory its pieces share', async t => {
  const text = 'abcdefgh'
  let reads = 0
  let counted = 0
  const shared = Buffer.alloc(3)
  const body = function* ({ start, end } = { start: 0, end: text.length }) {
    reads++
    for (let at = start; at < end; at += shared.length)
      yield shared.subarray(0, shared.write(text.slice(at, Math.min(end, at + shared.length))))
  }
  const answer = { ...emptyAnswer, bytes: text.length, body }
  const kept = withKeptBody(answer, bytes => {
    counted += bytes
  })
  t.equal(`${await bodyOf({ ...answer, body: () => kept.body({ start: 2, end: 7 }) })}`, 'cdefg')
  for (let times = 0; times < 3; times++) t.equal(`${await bodyOf(kept)}`, text)
  t.equal(reads, 2, 'the range, and the whole once')
  t.equal(counted, 2 * text.length, 'those that came from memory')
  for (const bytes of [0, 16 * 1024 + 1, undefined])
    t.equal(withKeptBody({ ...answer, bytes }, () => {}).body, body, 'as it is')
})

t.test('a short body that cannot be read is not kept', async t => {
  let fails = true
  const body = function* () {
    yield Buffer.from('a')
    if (fails) throw new Error('gone')
    yield Buffer.from('b')
  }
  const kept = withKeptBody({ ...emptyAnswer, bytes: 2, body }, () => {})
  t.throws(() => kept.body(), { message: 'gone' })
  fails = false
  t.equal(`${await bodyOf(kept)}`, 'ab')
})

t.test('what is fetched again and is the same has nothing else read again', async t => {
  const { world, origin, fetch } = await setUpWarm(t)
  origin.items.set('index', { body: Buffer.from('names') })
  const index = wantedItem(origin, 'index', { freshness: { kind: 'mutable', maxAgeMs: 60_000 } })
  const fetchIndex = async () => {
    await bodyOf(await world.pull.fetch(index))
    await until(() => world.pull.statistics().flights === 0)
  }
  await fetchIndex()
  const { answer } = await fetch()
  world.clock.advance(60_000)
  await fetchIndex()
  t.equal(origin.count('index'), 2)
  t.equal((await fetch()).answer, answer)
  await fetchIndex()
  t.equal(origin.count('index'), 2, 'fresh for as long as before')
})

t.test('each change of the catalog makes another epoch, for every connection', async t => {
  const { world, fetch, elsewhere } = await setUpWarm(t)
  const { key } = (await fetch()).answer
  const item = world.catalog.get(key)
  if (item === undefined) return t.fail('it is held')
  const digest = digestOf('sha256', Buffer.from('index'))
  const learning = elsewhere.learn('test/index', { digest, learntMs: 1 })
  const changes: ReadonlyArray<readonly [what: string, change: () => void]> = [
    ['an item came', () => elsewhere.put({ ...item, key: 'test/b' })],
    ['an item is another', () => world.catalog.put({ ...item, etag: '"new"' })],
    ['what an index names is in force', () => learning.commit()],
    [
      'an index is to be read again',
      () => {
        const sql = "UPDATE catalog_documents SET digest = NULL WHERE name = 'test/index'"
        world.database.write(() => world.database.statement(sql).run())
      }
    ],
    ['a place was made', () => elsewhere.host('test/c', 1)],
    ['an item went', () => elsewhere.remove('test/b')],
    ['a content went', () => elsewhere.removeContent(item)]
  ]
  for (const [what, change] of changes) {
    const seen = [world.catalog, elsewhere].map(each => each.version())
    change()
    await turn()
    for (const [at, each] of [world.catalog, elsewhere].entries())
      t.not(each.version(), seen[at], what)
  }
  world.database.write(() => t.equal(world.catalog.version(), undefined, 'not within a change'))
})

t.test('answers whose texts are long are kept up to so many bytes', async t => {
  const { world, origin, wanted } = await setUpWarm(t)
  const item = world.catalog.get(wanted.key)
  if (item === undefined) return t.fail('it is held')
  const etag = `"${'e'.repeat(12_000)}"`
  const wants = Array.from({ length: 1_000 }, (_, at) => wantedItem(origin, `n${at}`))
  for (const { key } of wants) world.catalog.put({ ...item, key, etag })
  const answers = []
  for (const each of wants) answers.push(await world.pull.fetch(each))
  const [first = wanted] = wants
  const last = wants.at(-1) ?? wanted
  t.equal(await world.pull.fetch(last), answers.at(-1), 'the last is kept')
  t.not(await world.pull.fetch(first), answers[0], 'the first gave way')
})

t.test('what was read before a change is not kept after it', async t => {
  let version: number | undefined = 1
  const kept = new WhileUnchanged<string>({ version: () => version }, { entries: 2 })
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
    const kept = new WhileUnchanged<number>({ version: () => 1 }, { entries: 100, bytes: 10 })
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
