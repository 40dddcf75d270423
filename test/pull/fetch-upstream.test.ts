import type { LookupFunction } from 'node:net'
import t, { type Test } from 'tap'
import { checkRedirect, isPrivateHost, openFetchUpstream } from '../../src/pull/fetch-upstream.ts'
import { type FakeOrigin, type Misbehaviour, openFakeOrigin, silence } from '../lib/fake-origin.ts'

function redirect(location: string): Misbehaviour {
  return (_request, response) => void response.writeHead(302, { location }).end()
}

async function setUp(t: Test): Promise<{
  origin: FakeOrigin
  get: (path: string, signal?: AbortSignal) => Promise<string>
}> {
  const origin = await openFakeOrigin()
  const fetchUpstream = openFetchUpstream()
  t.teardown(async () => {
    fetchUpstream.close()
    await origin.close()
  })
  const get = async (path: string, signal = new AbortController().signal): Promise<string> => {
    const answer = await fetchUpstream(origin.url + path, { headers: {}, signal })
    const pieces: Uint8Array[] = []
    for await (const piece of answer.body ?? []) pieces.push(piece)
    return `${answer.status} ${Buffer.concat(pieces)}`
  }
  return { origin, get }
}

t.test('a redirect is followed, a ring of them is not', async t => {
  const { origin, get } = await setUp(t)
  origin.items.set('a', { body: Buffer.alloc(0), faults: [redirect('b')] })
  origin.items.set('b', { body: Buffer.from('there') })
  t.equal(await get('a'), '200 there')
  const ring = Array.from({ length: 10 }, () => redirect('/c'))
  origin.items.set('c', { body: Buffer.alloc(0), faults: ring })
  await t.rejects(get('c'), { code: 'upstream', message: /too often/ })
})

t.test('a redirect to what is no address is an answer that is wrong', async t => {
  const { origin, get } = await setUp(t)
  origin.items.set('a', { body: Buffer.alloc(0), faults: [redirect('http://[')] })
  await t.rejects(get('a'), { code: 'upstream', message: /no address/ })
})

t.test('a redirect leads nowhere that only this machine reaches', async t => {
  const check = (from: string, to: string) => () => checkRedirect(new URL(from), new URL(to))
  for (const to of [
    'http://127.0.0.1/x',
    'http://localhost/x',
    'http://[::1]/x',
    'http://[::ffff:10.0.0.1]/x',
    'http://10.1.2.3/x',
    'http://172.16.0.1/x',
    'http://192.168.1.1/x',
    'http://169.254.169.254/latest/meta-data/',
    'http://2130706433/x',
    'http://metadata.internal/x',
    'http://localhost./x',
    'http://metadata.internal./x',
    'http://[64:ff9b::a9fe:a9fe]/x',
    'http://[2002:7f00:1::]/x',
    'http://[::127.0.0.1]/x',
    'http://[fec0::1]/x',
    'ftp://mirror.test/x',
    'file:///etc/passwd'
  ]) {
    t.throws(check('http://mirror.test/x', to), { code: 'upstream' }, to)
  }
  t.throws(check('https://mirror.test/x', 'http://mirror.test/x'), { code: 'upstream' })
  t.doesNotThrow(check('http://mirror.test/x', 'https://cdn.test/y'))
  t.doesNotThrow(check('http://10.0.0.1/x', 'http://10.0.0.1/y'), 'a private mirror on itself')
})

t.test('a redirect to a name is judged by the addresses it has', async t => {
  const { origin } = await setUp(t)
  const { port } = new URL(origin.url)
  const answers: Record<string, string[]> = {
    'inside.example': ['127.0.0.1'],
    'both.example': ['192.0.2.7', '127.0.0.1'],
    'mapped.example': ['::ffff:127.0.0.1']
  }
  const asked: string[] = []
  const lookup: LookupFunction = (hostname, { all }, callback) => {
    asked.push(hostname)
    const found = (answers[hostname] ?? []).map(address => ({
      address,
      family: address.includes(':') ? 6 : 4
    }))
    if (all === true) callback(null, found)
    else callback(null, found[0]?.address ?? '', found[0]?.family ?? 4)
  }
  const fetchUpstream = openFetchUpstream({ lookup })
  t.teardown(() => fetchUpstream.close())
  const { signal } = new AbortController()
  const get = async (path: string, mayEnter?: (hostname: string) => boolean) => {
    const faults = [redirect(path)]
    origin.items.set('start', { body: Buffer.alloc(0), faults })
    const more = mayEnter === undefined ? {} : { mayEnter }
    const answer = await fetchUpstream(`${origin.url}start`, { headers: {}, signal, ...more })
    for await (const _ of answer.body ?? []);
    return answer.status
  }
  origin.items.set('secret', { body: Buffer.from('secret') })
  for (const name of Object.keys(answers)) {
    const place = `http://${name}:${port}/secret`
    await t.rejects(get(place), { code: 'upstream', message: /private network/ }, name)
    t.equal(origin.count('secret'), 0, `${name} was not connected to`)
  }
  const place = `http://inside.example:${port}/secret`
  t.equal(await get(place, name => name === 'inside.example'), 200, 'what is configured is entered')
  t.equal(origin.count('secret'), 1)
  await t.rejects(get(place), { code: 'upstream' }, 'not by a connection that is there already')
  t.equal(origin.count('secret'), 1)
  t.ok(asked.length >= 5)
})

t.test('a private place that is configured may be entered, and only that', async t => {
  const mayEnter = (host: string) => host === '10.0.0.7'
  const check = (to: string) => () =>
    checkRedirect(new URL('http://m.test/'), new URL(to), mayEnter)
  t.doesNotThrow(check('http://10.0.0.7/x'))
  t.throws(check('http://10.0.0.8/x'), { code: 'upstream' })
})

t.test('credentials stay with the origin they were given for, over any redirect', async t => {
  const { origin } = await setUp(t)
  const other = await openFakeOrigin()
  const fetchUpstream = openFetchUpstream()
  t.teardown(async () => {
    fetchUpstream.close()
    await other.close()
  })
  other.items.set('away', { body: Buffer.from('x'), faults: [redirect(`${origin.url}back`)] })
  origin.items.set('back', { body: Buffer.from('x') })
  origin.items.set('here', { body: Buffer.from('x') })
  for (const [path, target] of Object.entries({ a: `${other.url}away`, b: '/here' })) {
    origin.items.set(path, { body: Buffer.alloc(0), faults: [redirect(target)] })
    const headers = { Authorization: 'Basic c2VjcmV0', cookie: 'a=b', accept: 'x/y' }
    const signal = new AbortController().signal
    for await (const _ of (await fetchUpstream(origin.url + path, { headers, signal })).body ?? []);
  }
  const sent = (path: string, from: FakeOrigin) =>
    from.requests.find(each => each.path === path)?.headers
  t.equal(sent('here', origin)?.authorization, 'Basic c2VjcmV0')
  t.match(sent('away', other), { authorization: undefined, cookie: undefined, accept: 'x/y' })
  t.equal(sent('back', origin)?.authorization, 'Basic c2VjcmV0', 'and is back where it belongs')
})

t.test('what a private host is', async t => {
  for (const host of ['127.1.2.3', '[fe80::1]', '[fd00::1]', '100.64.0.1', 'a.local', '0.0.0.0']) {
    t.equal(isPrivateHost(host), true, host)
  }
  for (const host of ['203.0.113.9', '[2001:db8::1]', 'mirror.test', 'local.test', '172.32.0.1']) {
    t.equal(isPrivateHost(host), false, host)
  }
})

t.test('an abort rejects, before the answer and in it', async t => {
  const { origin, get } = await setUp(t)
  origin.items.set('a', { body: Buffer.alloc(0), faults: [silence()] })
  const stop = new AbortController()
  const waiting = get('a', stop.signal)
  stop.abort(new Error('enough'))
  await t.rejects(waiting, { message: 'enough' })
  await t.rejects(get('a', AbortSignal.abort(new Error('late'))), { message: 'late' })
})

t.test('a body that nobody begins to read gives its connection back when aborted', async t => {
  const { origin } = await setUp(t)
  const fetchUpstream = openFetchUpstream()
  t.teardown(() => fetchUpstream.close())
  origin.items.set('big', { body: Buffer.alloc(10_000_000) })
  const moreThanConnections = 40
  for (let round = 0; round < moreThanConnections; round++) {
    const leave = new AbortController()
    const { body } = await fetchUpstream(`${origin.url}big`, { headers: {}, signal: leave.signal })
    leave.abort(new Error('not wanted'))
    await t.rejects(
      async () => {
        for await (const _ of body ?? []);
      },
      { message: 'not wanted' },
      'and says why to who reads later'
    )
  }
  for (let round = 0; round < moreThanConnections; round++) {
    const leave = new AbortController()
    await fetchUpstream(`${origin.url}big`, { headers: {}, signal: leave.signal })
    leave.abort()
  }
})

t.test('a connection is used again', async t => {
  const { origin, get } = await setUp(t)
  const ports = new Set<number | undefined>()
  const note: Misbehaviour = (request, response) => {
    ports.add(request.socket.remotePort)
    response.end('x')
  }
  origin.items.set('a', { body: Buffer.alloc(0), faults: [note, note, note] })
  for (let round = 0; round < 3; round++) t.equal(await get('a'), '200 x')
  t.equal(ports.size, 1)
})

t.test(
  'a kept connection that is dead: asked again over a new one, and no other kept one',
  async t => {
    const { origin } = await setUp(t)
    const patience = { connectMs: 20_000, keptMs: 100 }
    const fetchUpstream = openFetchUpstream({ patience })
    t.teardown(() => fetchUpstream.close())
    const dead = new Set<unknown>()
    const asked: string[] = []
    const answer: Misbehaviour = (request, response) => {
      asked.push(`${request.method} ${dead.has(request.socket) ? 'dead' : 'new'}`)
      if (dead.has(request.socket)) return
      dead.add(request.socket)
      response.end('x')
    }
    const hangUp: Misbehaviour = request => {
      asked.push(`${request.method} hung up`)
      request.socket.destroy()
    }
    const faults = [...Array.from({ length: 5 }, () => answer), hangUp, answer, answer, answer]
    origin.items.set('a', { body: Buffer.alloc(0), faults })
    const { signal } = new AbortController()
    const get = async (method = 'GET') => {
      const { body } = await fetchUpstream(`${origin.url}a`, { headers: {}, signal, method })
      for await (const _ of body ?? []);
    }
    await Promise.all([get(), get(), get()])
    t.same(asked.splice(0), ['GET new', 'GET new', 'GET new'], 'three are kept')
    await get()
    t.same(asked.splice(0), ['GET dead', 'GET new'])
    await get()
    t.same(asked.splice(0), ['GET hung up', 'GET new'], 'ended just as it was asked')
    await get('HEAD')
    t.same(asked.splice(0), ['HEAD dead', 'HEAD new'])
  }
)

t.test('over a kept connection nothing is sent twice that does more than read', async t => {
  const { origin } = await setUp(t)
  const fetchUpstream = openFetchUpstream({ patience: { connectMs: 20_000, keptMs: 1 } })
  t.teardown(() => fetchUpstream.close())
  const slow: Misbehaviour = (_, response) => void setTimeout(() => response.end('x'), 50)
  const hangUp: Misbehaviour = request => void request.socket.destroy()
  origin.items.set('a', { body: Buffer.from('a'), faults: [slow, slow, hangUp] })
  const { signal } = new AbortController()
  const post = async () => {
    const options = { headers: {}, signal, method: 'POST', body: Buffer.from('{}') }
    for await (const _ of (await fetchUpstream(`${origin.url}a`, options)).body ?? []);
  }
  await post()
  await post()
  await t.rejects(post(), { code: 'ECONNRESET' })
  t.equal(origin.count('a'), 3)
})

t.test('a connection that does not come about is not waited for as an answer is', async t => {
  const { origin } = await setUp(t)
  const neverFound: LookupFunction = () => {}
  const patience = { connectMs: 50, keptMs: 20_000 }
  const fetchUpstream = openFetchUpstream({ lookup: neverFound, patience })
  const slow = openFetchUpstream({ patience: { ...patience, connectMs: 1_000 } })
  t.teardown(() => {
    fetchUpstream.close()
    slow.close()
  })
  const { signal } = new AbortController()
  await t.rejects(fetchUpstream('http://away.example/a', { headers: {}, signal }), {
    code: 'timeout',
    message: 'no connection to away.example in 50 ms'
  })
  const late: Misbehaviour = (_, response) => void setTimeout(() => response.end('x'), 1_200)
  origin.items.set('a', { body: Buffer.alloc(0), faults: [late] })
  const { status } = await slow(`${origin.url}a`, { headers: {}, signal })
  t.equal(status, 200, 'who takes the connection has time to answer')
})
