import { CID } from 'multiformats/cid'
import t from 'tap'
import type { Names } from '../../src/names/api.ts'
import { importPrivateKey } from '../../src/names/key-forms.ts'
import { encodeRecord } from '../../src/names/record.ts'
import {
  addFolder,
  cidOf,
  lifetimeMs,
  makeNames,
  never,
  pair,
  refresherOf,
  shownAt,
  still
} from './names-home.ts'

/** A record of the publisher's key that its own names did not make. */
function forge(names: Names, content: Partial<Parameters<typeof encodeRecord>[1]>, endMs: number) {
  const key = importPrivateKey(names.keys.export('blog', 'pem'))
  return encodeRecord(key, {
    value: `/ipfs/${cidOf('forged')}`,
    sequence: 0n,
    endMs,
    ttlMs: 1000,
    ...content
  })
}

t.test('a name nobody answers for shows nothing, and says why', async t => {
  const { follower, name } = pair(t)
  follower.names.follow(name, { alias: 'theirs', whole: false })
  await t.rejects(refresherOf(follower, []).refresh({ target: name }, never), { code: 'upstream' })
  t.match(follower.names.follows(), [
    { target: name, cid: undefined, answeredMs: 0, problem: /nobody/ }
  ])
  t.strictSame(follower.names.list(), [])
})

t.test('a followed name shows what was published, and moves when that does', async t => {
  const { publisher, follower, name, first, source } = pair(t)
  follower.names.follow(name, { alias: 'theirs', whole: false })
  const refresher = refresherOf(follower, [source])
  t.equal(await refresher.refresh({ target: name }, never), true)
  t.equal(shownAt(follower.names, 'theirs'), first.toString())
  t.equal(await refresher.refresh({ target: name }, never), false, 'it stands where it stood')
  const second = addFolder(publisher, 'second')
  publisher.names.publish('blog', { ...still, cid: second })
  t.equal(await refresher.refresh({ target: name }, never), true)
  t.equal(shownAt(follower.names, name), second.toString())
  t.match(follower.names.follows(), [{ problem: undefined, kept: undefined }])
})

t.test(
  'the publisher is gone: the last record and content stay, stale after end of life',
  async t => {
    const { follower, name, first, source, time } = pair(t)
    follower.names.follow(name, { whole: true })
    await refresherOf(follower, [source]).refresh({ target: name }, never)
    t.match(follower.roots.pins(), [{ label: `ipns/${name}` }], 'all of it is pinned')
    time.nowMs += lifetimeMs - 1
    await t.rejects(refresherOf(follower, []).refresh({ target: name }, never))
    t.match(follower.names.find(name), { stale: false })
    time.nowMs += 1
    t.match(follower.names.find(name), { stale: true })
    t.equal(shownAt(follower.names, name), first.toString())
    const { code, multihash } = first
    const links = follower.reader.list(code, multihash.bytes)
    t.ok(follower.store.has(links[0]?.multihash ?? new Uint8Array(0)), 'the file too')
    t.ok(follower.names.record(name), 'and the record, to be handed on')
  }
)

t.test('what is offered is refused for what it is, and nothing moves', async t => {
  const { publisher, follower, name, source, time } = pair(t)
  follower.names.follow(name, { whole: false })
  const second = addFolder(publisher, 'second')
  const old = publisher.names.record(name)?.bytes ?? new Uint8Array(0)
  publisher.names.publish('blog', { ...still, cid: second })
  await refresherOf(follower, [source]).refresh({ target: name }, never)
  const held = follower.names.record(name)?.bytes
  const stranger = makeNames(t, time)
  stranger.names.keys.create('blog')
  const strangers = stranger.names.publish('blog', { ...still, cid: cidOf('x') }).record
  const later = time.nowMs + lifetimeMs
  for (const [what, bytes, code, message] of [
    ['the wrong key', strangers, 'mismatch', /not signed/],
    ['a replayed record', old, 'mismatch', /older/],
    [
      'a rollback that is signed anew',
      forge(publisher.names, { sequence: 0n }, later + 1),
      'mismatch',
      /older/
    ],
    [
      'an expired one of a higher sequence',
      forge(publisher.names, { sequence: 9n }, time.nowMs),
      'mismatch',
      /end of life/
    ],
    ['noise', Buffer.from('noise'), 'invalid', /damaged/],
    ['one too long', new Uint8Array(20_000), 'file-too-large', /20000/]
  ] as const) {
    const lying = { ...source, ask: async () => [bytes] }
    const refresher = refresherOf(follower, [lying])
    await t.rejects(refresher.refresh({ target: name }, never), { code, message }, what)
    t.equal(shownAt(follower.names, name), second.toString(), what)
    t.strictSame(follower.names.record(name)?.bytes, held, what)
    t.match(follower.names.follows(), [{ problem: message }], what)
  }
  const liar = { ...source, ask: async () => [strangers, old] }
  const third = addFolder(publisher, 'third')
  publisher.names.publish('blog', { ...still, cid: third })
  t.ok(
    await refresherOf(follower, [liar, source]).refresh({ target: name }, never),
    'one who is right is enough'
  )
})

t.test(
  'content that cannot be had, or is not what its CID says, leaves what was shown',
  async t => {
    const { publisher, follower, name, first, source } = pair(t)
    follower.names.follow(name, { whole: false })
    await refresherOf(follower, [source]).refresh({ target: name }, never)
    const second = addFolder(publisher, 'second')
    publisher.names.publish('blog', { ...still, cid: second })
    const without = { ...source, fetch: async () => undefined }
    const lying = { ...source, fetch: async () => Buffer.from('another block') }
    for (const bad of [without, lying]) {
      await t.rejects(refresherOf(follower, [bad]).refresh({ target: name }, never), {
        code: 'missing'
      })
      t.equal(shownAt(follower.names, name), first.toString())
      t.notOk(follower.store.has(second.multihash.bytes))
    }
    t.equal(
      follower.names.record(name)?.sequence,
      1n,
      'the record is kept: nobody can roll it back'
    )
    t.ok(await refresherOf(follower, [lying, source]).refresh({ target: name }, never))
    t.equal(shownAt(follower.names, name), second.toString())
  }
)

t.test('a rotated key takes its followers along, and the old one has no more say', async t => {
  const { publisher, follower, name, first, source, time } = pair(t)
  follower.names.follow(name, { alias: 'theirs', whole: false })
  const refresher = refresherOf(follower, [source])
  await refresher.refresh({ target: name }, never)
  const next = publisher.names.rotate('blog')
  const second = addFolder(publisher, 'second')
  await refresher.refresh({ target: name }, never)
  t.match(follower.names.follows(), [{ target: name, name: next.name, alias: 'theirs' }])
  t.equal(shownAt(follower.names, 'theirs'), first.toString())
  publisher.names.publish('blog', { ...still, cid: second })
  t.ok(await refresher.refresh({ target: name }, never))
  t.equal(shownAt(follower.names, name), second.toString(), 'also by the old name')
  const key = importPrivateKey(publisher.names.keys.export(name, 'pem'))
  const thief = encodeRecord(key, {
    value: `/ipfs/${cidOf('x')}`,
    sequence: 99n,
    endMs: time.nowMs + 1000,
    ttlMs: 1
  })
  t.equal(follower.names.take(name, thief), 'older')
  const stolen = {
    ...source,
    ask: async (asked: string, signal: AbortSignal) =>
      asked === name ? [thief] : await source.ask(asked, signal)
  }
  await refresherOf(follower, [stolen]).refresh({ target: name }, never)
  t.equal(shownAt(follower.names, 'theirs'), second.toString(), 'a stolen old key moves nothing')
})

t.test('names lead over names and paths to content; a circle ends', async t => {
  const { publisher, follower, name, source } = pair(t)
  const { names } = publisher
  const index = names.keys.create('index')
  const folder = addFolder(publisher, 'deep')
  names.publish('blog', { ...still, cid: folder })
  const key = importPrivateKey(names.keys.export('index', 'pem'))
  const pointing = (value: string, sequence: bigint) => ({
    ...source,
    ask: async (asked: string, signal: AbortSignal) =>
      asked === index.name
        ? [encodeRecord(key, { value, sequence, endMs: publisher.time.nowMs + 1000, ttlMs: 1 })]
        : await source.ask(asked, signal)
  })
  follower.names.follow(index.name, { whole: false })
  await refresherOf(follower, [pointing(`/ipns/${name}/file`, 1n)]).refresh(
    { target: index.name },
    never
  )
  const shown = CID.parse(shownAt(follower.names, index.name) ?? '')
  t.equal(follower.reader.info(shown).kind, 'file')
  for (const [value, sequence, code] of [
    [`/ipns/${index.name}`, 2n, 'loop'],
    [`/ipns/${name}/none`, 3n, 'not-found'],
    ['/nothing/known', 4n, 'invalid'],
    ['/ipns/example.org', 5n, 'upstream']
  ] as const) {
    const refresher = refresherOf(follower, [pointing(value, sequence)])
    await t.rejects(refresher.refresh({ target: index.name }, never), { code }, value)
    t.equal(shownAt(follower.names, index.name), shown.toString(), value)
  }
})

t.test('what was told just now is asked of nobody', async t => {
  const { publisher, follower, name, source } = pair(t)
  follower.names.follow(name, { whole: false })
  const asked: string[] = []
  const counting = {
    ...source,
    ask: async (which: string, signal: AbortSignal) => {
      asked.push(which)
      return await source.ask(which, signal)
    }
  }
  const refresher = refresherOf(follower, [counting])
  const second = addFolder(publisher, 'second')
  const { record } = publisher.names.publish('blog', { ...still, cid: second })
  t.equal(follower.names.take(name, record), 'newer')
  t.match(await refresher.show({ target: name }, never, { told: true }), { moved: true })
  t.equal(shownAt(follower.names, name), second.toString())
  t.strictSame(asked, [])
})

t.test('content that comes late does not take the place of what was told since', async t => {
  const { publisher, follower, name, source } = pair(t)
  follower.names.follow(name, { whole: false })
  await refresherOf(follower, [source]).refresh({ target: name }, never)
  const second = addFolder(publisher, 'second')
  publisher.names.publish('blog', { ...still, cid: second })
  for (const late of ['comes', 'is not had at all']) {
    const wanted = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const slow = {
      ...source,
      fetch: async (cid: CID, signal: AbortSignal) => {
        wanted.resolve()
        await gate.promise
        return late === 'comes' ? await source.fetch(cid, signal) : undefined
      }
    }
    const slowly = refresherOf(follower, [slow]).refresh({ target: name }, never)
    await wanted.promise
    const newer = addFolder(publisher, `newer: ${late}`)
    const { record } = publisher.names.publish('blog', { ...still, cid: newer })
    follower.names.take(name, record)
    await refresherOf(follower, [source]).show({ target: name }, never, { told: true })
    t.equal(shownAt(follower.names, name), newer.toString())
    gate.resolve()
    await slowly
    t.equal(shownAt(follower.names, name), newer.toString(), late)
    t.match(follower.names.follows(), [{ problem: undefined }])
    publisher.names.publish('blog', { ...still, cid: addFolder(publisher, `third: ${late}`) })
  }
})
