import t from 'tap'
import { importPrivateKey } from '../../src/names/key-forms.ts'
import { encodeRecord } from '../../src/names/record.ts'
import { type ResolveOptions, resolveName } from '../../src/names/resolve-name.ts'
import { addFolder, cidOf, lifetimeMs, makeNames, never, pair, still } from './names-home.ts'

const resolve = (name: string, options: Partial<ResolveOptions> & Pick<ResolveOptions, 'names'>) =>
  resolveName(
    name,
    { sources: [], dnslink: undefined, clock: { nowMs: () => Date.UTC(2026, 10, 21) }, ...options },
    never
  )

t.test('what is no name, or nobody knows, is refused, and nothing is stored', async t => {
  const { follower, name, source, time, publisher } = pair(t)
  const { names } = follower
  await t.rejects(resolve('no name', { names }), { code: 'usage' })
  await t.rejects(resolve(name, { names }), { code: 'upstream', message: /nobody/ })
  await t.rejects(resolve('blog.example', { names }), { code: 'upstream', message: /off for DNS/ })
  const broken = { ...source, ask: () => Promise.reject(new Error('it is not there')) }
  await t.rejects(resolve(name, { names, sources: [broken] }), { message: /not there/ })
  const late = { nowMs: () => time.nowMs + lifetimeMs }
  await t.rejects(resolve(name, { names, sources: [source], clock: late }), {
    message: /end of life/
  })
  const key = importPrivateKey(publisher.names.keys.export('blog', 'pem'))
  const circle = { value: `/ipns/${name}`, sequence: 9n, endMs: time.nowMs + 1000, ttlMs: 1 }
  const circling = { ...source, ask: async () => [encodeRecord(key, circle)] }
  await t.rejects(resolve(name, { names, sources: [circling] }), { code: 'loop' })
  for (const part of ['\u001b[2Jfile', 'a\nb', '\u009bm', '..', '.']) {
    const value = `/ipfs/${cidOf('x')}/folder/${part}`
    const signed = { ...source, ask: async () => [encodeRecord(key, { ...circle, value })] }
    await t.rejects(resolve(name, { names, sources: [signed] }), { code: 'invalid' }, value)
  }
  t.equal(names.record(name), undefined)
  t.strictSame(names.list(), [])
})

t.test('of what is offered the newest counts that is signed', async t => {
  const { publisher, follower, name, source, time } = pair(t)
  const { names } = follower
  const old = publisher.names.record(name)?.bytes ?? new Uint8Array(0)
  const second = addFolder(publisher, 'second')
  publisher.names.publish('blog', { ...still, cid: second })
  const stranger = makeNames(t, time)
  stranger.names.keys.create('blog')
  const wrong = stranger.names.publish('blog', { ...still, cid: cidOf('x') }).record
  const replaying = { ...source, ask: async () => [wrong, old] }
  const sources = [replaying, source, replaying]
  t.same(await resolve(name, { names, sources }), { path: `/ipfs/${second}`, known: false })
  t.same(await resolve(`/ipns/${name}/`, { names, sources }), {
    path: `/ipfs/${second}`,
    known: false
  })
  const next = publisher.names.rotate('blog')
  t.same(
    await resolve(name, { names, sources }),
    { path: `/ipfs/${second}`, known: false },
    next.name
  )
  const dnslink = async () => `/ipns/${name}/file`
  t.same(await resolve('blog.example', { names, sources, dnslink }), {
    path: `/ipfs/${second}/file`,
    known: false
  })
})

t.test('what is published or followed here is known, and nobody is asked', async t => {
  const { publisher, name, first } = pair(t)
  const source = { label: 'none', ask: () => Promise.reject(new Error('nobody is to be asked')) }
  for (const text of [name, 'blog']) {
    const told = await resolve(text, { names: publisher.names, sources: [source] })
    t.same(told, { path: `/ipfs/${first}`, known: true }, text)
  }
})
