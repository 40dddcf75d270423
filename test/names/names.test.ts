import type { CID } from 'multiformats/cid'
import t from 'tap'
import { CairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { rootOfName } from '../../src/names/publisher.ts'
import { decodeRecord } from '../../src/names/record.ts'
import { fails } from '../lib/fails.ts'
import { cidOf, day, lifetimeMs, makeNames } from './names-home.ts'

const [a, b, c] = ['a', 'b', 'c'].map(cidOf) as [CID, CID, CID]
const still = { path: undefined, lifetimeMs, settle: false }

const fail = (_: unknown, error: Error) => {
  throw error
}

t.test('what cannot be published is refused, and nothing moves', async t => {
  const { names } = makeNames(t)
  fails(t, 'not-found', () => names.publish('blog', { ...still, cid: a }), 'no such key')
  fails(t, 'invalid', () => names.keys.create('No Such Alias'))
  fails(t, 'invalid', () => names.keys.create(`k51${'a'.repeat(70)}`), 'too long')
  names.keys.create('blog')
  fails(t, 'exists', () => names.keys.create('blog'))
  t.strictSame(names.publications(), [])
  t.equal(names.find('blog'), undefined, 'a key that published nothing shows nothing')
})

t.test('a sequence only grows, also over a second instance and a clock that goes back', async t => {
  const home = makeNames(t)
  const { name } = home.names.keys.create('blog')
  const first = home.names.publish('blog', { ...still, cid: a })
  home.time.nowMs -= 30 * day
  const again = makeNames(t, home.time, home.folder)
  const second = again.names.publish('blog', { ...still, cid: b })
  t.strictSame([first.sequence, second.sequence], [0n, 1n])
  t.match(decodeRecord(name, second.record), { value: `/ipfs/${b}`, ttlMs: 300_000 })
  t.equal(second.endMs, home.time.nowMs + lifetimeMs)
  t.equal(Buffer.compare(home.names.record(name)?.bytes ?? Buffer.alloc(0), second.record), 0)
  const history = home.roots.history(rootOfName(name)).map(({ cid }) => cid.toString())
  t.strictSame(history, [b.toString(), a.toString()], 'both are in the log')
})

t.test('a record is renewed at half its lifetime, and not before', async t => {
  const { names, time } = makeNames(t)
  const { name } = names.keys.create('blog')
  names.publish('blog', { ...still, cid: a })
  time.nowMs += day - 1
  t.strictSame(names.renew(fail), [])
  time.nowMs += 1
  t.match(names.renew(fail), [{ name, sequence: 1n, endMs: time.nowMs + lifetimeMs }])
  t.match(names.find('blog'), { stale: false })
  time.nowMs += lifetimeMs
  t.match(names.find('blog'), { stale: true }, 'nobody renewed it')
  t.ok(names.unpublish('blog'))
  t.strictSame(names.renew(fail), [], 'what is not published is not renewed')
})

t.test('a folder of /mfs is published anew when it stands elsewhere', async t => {
  const { names } = makeNames(t)
  names.keys.create('blog')
  names.publish('blog', { ...still, cid: a, path: 'site' })
  t.strictSame(
    names.publishMoved(() => a, fail),
    [],
    'it stands where it stood'
  )
  t.strictSame(
    names.publishMoved(() => undefined, fail),
    [],
    'it is gone: the last one stays'
  )
  t.match(
    names.publishMoved(path => (path === 'site' ? b : undefined), fail),
    [{ alias: 'blog', sequence: 1n }]
  )
  t.match(names.find('blog')?.place, { kind: 'mfs', path: 'site' })
})

t.test('two machines with one key: found out, reported, and both stay in the log', async t => {
  const here = makeNames(t)
  const there = makeNames(t, here.time)
  const { name } = here.names.keys.create('blog')
  there.names.keys.import('blog', here.names.keys.export('blog', 'libp2p'))
  here.names.publish('blog', { ...still, cid: a, path: 'site' })
  const other = there.names.publish('blog', { ...still, cid: b })
  t.equal(here.names.take(name, other.record), 'foreign')
  t.equal(here.names.take(name, other.record), 'foreign', 'and again')
  t.match(here.names.heads(), [{ name, sequence: 0n, value: `/ipfs/${b}` }])
  t.strictSame(
    here.names.publishMoved(() => c, fail),
    [],
    'nothing goes out by itself any more'
  )
  t.match(
    fails(t, 'conflict', () => here.names.publish('blog', { ...still, cid: c })).message,
    String(b)
  )
  there.names.publish('blog', { ...still, cid: b })
  const third = there.names.publish('blog', { ...still, cid: b })
  here.names.take(name, third.record)
  const settled = here.names.publish('blog', { ...still, cid: c, settle: true })
  t.equal(settled.sequence, third.sequence + 1n, 'above all that was seen')
  t.strictSame(here.names.heads(), [])
  t.equal(here.names.take(name, other.record), 'older', 'what was settled stays settled')
  t.strictSame(
    here.roots.history(rootOfName(name)).map(({ cid }) => cid.toString()),
    [String(c), String(a)]
  )
})

t.test('an imported key goes on from the record that the network has', async t => {
  const here = makeNames(t)
  const there = makeNames(t, here.time)
  const { name } = here.names.keys.create('blog')
  here.names.publish('blog', { ...still, cid: a })
  const last = here.names.publish('blog', { ...still, cid: b })
  there.names.keys.import('blog', here.names.keys.export('blog', 'pem'))
  t.equal(there.names.take(name, last.record), 'newer')
  t.equal(there.names.publish('blog', { ...still, cid: c }).sequence, 2n)
})

t.test('a rotated key points at its successor, and publishes nothing any more', async t => {
  const { names } = makeNames(t)
  const old = names.keys.create('blog')
  names.publish('blog', { ...still, cid: a, path: 'site' })
  const next = names.rotate('blog')
  t.not(next.name, old.name)
  t.match(names.record(old.name), {
    value: `/ipns/${next.name}`,
    successor: next.name,
    sequence: 1n
  })
  t.match(names.record(next.name), { value: `/ipfs/${a}` }, 'it stands where the old one stood')
  t.match(names.publications(), [{ name: next.name, alias: 'blog', path: 'site' }])
  t.equal(names.keys.find('blog')?.name, next.name)
  t.equal(names.keys.find(old.name)?.successor, next.name)
  fails(t, 'conflict', () => names.publish(old.name, { ...still, cid: b }))
  fails(t, 'conflict', () => names.rotate(old.name))
})

t.test('a key that is removed is gone with what it published', async t => {
  const { names, database } = makeNames(t)
  const { name } = names.keys.create('blog')
  names.publish('blog', { ...still, cid: a })
  t.ok(names.keys.remove('blog'))
  t.notOk(names.keys.remove('blog'))
  t.equal(names.record(name), undefined)
  t.equal(database.statement('SELECT count(*) AS n FROM name_keys').get()?.n, 0)
})

t.test('a record that nobody follows is not stored', async t => {
  const { names } = makeNames(t)
  const stranger = makeNames(t)
  const { name } = stranger.names.keys.create('blog')
  const { record } = stranger.names.publish('blog', { ...still, cid: a })
  t.equal(names.take(name, record), 'unwanted')
  t.equal(names.record(name), undefined)
  t.equal(names.take(name, Buffer.from('noise')), 'unwanted', 'nor looked at')
  fails(t, 'mismatch', () => names.take(names.keys.create('x').name, record), 'of another key')
})

t.test(
  'where a name stands is remembered until something is committed, or time runs out',
  async t => {
    const { names, time, database } = makeNames(t)
    const { name } = names.keys.create('blog')
    names.publish('blog', { ...still, cid: a })
    const shown = names.find(name)
    t.equal(names.find(name), shown, 'not read again')
    const other = makeNames(t, time, database.path.replace(/\/[^/]*$/, ''))
    other.names.publish('blog', { ...still, cid: b })
    await new Promise(resolve => setImmediate(resolve))
    t.match(names.find(name)?.place.cid?.toString(), b.toString(), 'another process moved it')
    time.nowMs += lifetimeMs
    t.match(names.find(name), { stale: true })
    t.equal(names.find('made-up'), undefined)
  }
)

t.test('one folder that cannot be published keeps no other from it', async t => {
  const { names } = makeNames(t)
  for (const alias of ['one', 'two', 'three']) {
    names.keys.create(alias)
    names.publish(alias, { ...still, cid: a, path: alias })
  }
  const failed: string[] = []
  const published = names.publishMoved(
    path => {
      if (path === 'two') throw new CairnError('missing', 'a block is not here')
      return b
    },
    ({ alias }, { code }) => failed.push(`${alias} ${code}`)
  )
  t.strictSame(failed, ['two missing'])
  t.strictSame(published.map(({ alias }) => alias).toSorted(), ['one', 'three'])
  t.match(
    names.publishMoved(() => b, fail),
    [{ alias: 'two' }],
    'and is, once it can be'
  )
})

t.test('a key and what is followed are never called the same', async t => {
  const { names } = makeNames(t)
  const other = makeNames(t)
  const { name } = other.names.keys.create('theirs')
  names.keys.create('blog')
  fails(t, 'exists', () => names.follow(name, { alias: 'blog', whole: false }))
  t.strictSame(names.follows(), [], 'and it is not followed by another name either')
  names.follow(name, { alias: 'news', whole: false })
  fails(t, 'exists', () => names.keys.create('news'))
  fails(t, 'exists', () => names.keys.import('news', other.names.keys.export('theirs', 'libp2p')))
  t.strictSame(
    names.keys.list().map(({ alias }) => alias),
    ['blog']
  )
})

t.test('of what others publish with a key here the highest is kept, and not all', async t => {
  const here = makeNames(t)
  const there = makeNames(t, here.time)
  const { name } = here.names.keys.create('blog')
  there.names.keys.import('blog', here.names.keys.export('blog', 'libp2p'))
  here.names.publish('blog', { ...still, cid: a })
  const records = Array.from(
    { length: limits.nameHeads + 20 },
    () => there.names.publish('blog', { ...still, cid: b }).record
  )
  for (const record of records.toReversed()) here.names.take(name, record)
  const heads = here.names.heads({ all: true })
  t.equal(heads.length, limits.nameHeads)
  const { sequence } = here.names.publish('blog', { ...still, cid: c, settle: true })
  t.equal(sequence, BigInt(records.length), 'above all that was seen')
})
