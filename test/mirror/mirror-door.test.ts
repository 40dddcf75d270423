import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { type FakeOrigin, inSteps, openFakeOrigin, sha256Hex, status } from '../lib/fake-origin.ts'
import { type MirrorWorld, openMirrorWorld } from '../lib/mirror-world.ts'
import { until } from '../lib/pull-world.ts'

async function setUp(t: Test): Promise<{ world: MirrorWorld; origin: FakeOrigin }> {
  const origin = await openFakeOrigin()
  const world = await openMirrorWorld({ d: origin.url })
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  return { world, origin }
}

const settled = (world: MirrorWorld): Promise<void> =>
  until(() => world.pull.statistics().flights === 0)

const host = 'Host: 127.0.0.1\r\n'

/** Sends text as it is and returns everything until the server closes. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('latin1')
}

t.test('GET, HEAD and a revalidation', async t => {
  const { world, origin } = await setUp(t)
  const body = randomBytes(3_000_000)
  origin.items.set('pool/a.deb', { body })
  const url = `${world.url}/apt/d/pool/a.deb`
  const cold = await fetch(url)
  t.equal(cold.status, 200)
  t.equal(cold.headers.get('x-cairn'), 'miss')
  t.equal(cold.headers.get('content-length'), '3000000')
  t.equal(cold.headers.get('accept-ranges'), 'bytes')
  t.same(Buffer.from(await cold.arrayBuffer()), body)
  await settled(world)
  const warm = await fetch(url)
  t.equal(warm.headers.get('x-cairn'), 'hit')
  t.equal(warm.headers.get('etag'), `"${sha256Hex(body)}"`)
  t.same(Buffer.from(await warm.arrayBuffer()), body)
  const since = warm.headers.get('last-modified') ?? ''
  t.equal(cold.headers.get('last-modified'), since, 'cold and warm give one date')
  const again = await fetch(url, { headers: { 'if-modified-since': since } })
  t.equal(again.status, 304)
  t.equal(await again.text(), '')
  const head = await fetch(url, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), '3000000')
  t.equal(origin.requests.length, 1)
})

t.test('the rest of a download, as apt resumes it', async t => {
  const { world, origin } = await setUp(t)
  const body = randomBytes(100_000)
  origin.items.set('pool/a.deb', { body })
  const url = `${world.url}/apt/d/pool/a.deb`
  const date = (await fetch(url)).headers.get('last-modified') ?? ''
  const ask = (range: string, condition = date): Promise<Response> =>
    fetch(url, { headers: { range, 'if-range': condition } })
  const rest = await ask('bytes=60000-')
  t.equal(rest.status, 206)
  t.equal(rest.headers.get('content-range'), 'bytes 60000-99999/100000')
  t.same(Buffer.from(await rest.arrayBuffer()), body.subarray(60_000))
  t.equal((await ask('bytes=60000-', 'Tue, 01 Apr 2025 08:00:00 GMT')).status, 200)
  const beyond = await ask('bytes=100000-')
  t.equal(beyond.status, 416)
  t.equal(beyond.headers.get('content-range'), 'bytes */100000')
})

t.test('ten requests on one connection before the first answer come back in order', async t => {
  const { world, origin } = await setUp(t)
  const bodies = Array.from({ length: 10 }, (_, at) => Buffer.alloc(50_000 * (10 - at), 97 + at))
  const slow = inSteps({ body: bodies[0]! }, 500_000)
  for (const [at, body] of bodies.entries()) {
    origin.items.set(`pool/${at}.deb`, { body, faults: at === 0 ? [slow.fault] : [] })
  }
  const requests = bodies.map(
    (_, at) =>
      `GET /apt/d/pool/${at}.deb HTTP/1.1\r\nHost: 127.0.0.1\r\n${at === 9 ? 'Connection: close\r\n' : ''}\r\n`
  )
  const answers = raw(world.port, requests.join(''))
  await until(() => origin.requests.length === 10)
  slow.next()
  let text = await answers
  for (const body of bodies) {
    const start = text.indexOf('\r\n\r\n') + 4
    t.match(text, /^HTTP\/1\.1 200/)
    t.ok(text.startsWith(body.toString('latin1'), start), `${body.length} bytes of its own`)
    text = text.slice(start + body.length)
  }
  t.equal(text, '')
})

t.test('wrong bytes break the connection before the end, and are not kept', async t => {
  const { world, origin } = await setUp(t)
  const path = `dists/x/by-hash/SHA256/${sha256Hex(Buffer.from('right'))}`
  origin.items.set(path, { body: Buffer.from('wrong') })
  const text = await raw(world.port, `GET /apt/d/${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  t.notMatch(text, /wrong$/)
  t.equal(world.catalog.statistics().items, 0)
})

t.test(
  'who has the beginning of wrong bytes is sent all of the right ones, and no rest',
  async t => {
    const { world, origin } = await setUp(t)
    const right = randomBytes(10_000)
    const path = `dists/x/by-hash/SHA256/${sha256Hex(right)}`
    const lastModified = 'Fri, 21 Nov 2025 07:28:00 GMT'
    const item = { body: right, lastModified }
    const wrong = randomBytes(10_000)
    origin.items.set(path, {
      ...item,
      faults: [(_, response) => void response.setHeader('last-modified', lastModified).end(wrong)]
    })
    const ask = (more = '') => raw(world.port, `GET /apt/d/${path} HTTP/1.1\r\n${host}${more}\r\n`)
    const broken = await ask()
    t.match(broken, lastModified)
    const have = broken.slice(broken.indexOf('\r\n\r\n') + 4).length
    t.ok(have > 0 && have < right.length, `it has ${have} bytes`)
    const range = `Range: bytes=${have}-\r\nIf-Range: ${lastModified}\r\nConnection: close\r\n`
    for (const round of ['as it comes', 'from the store']) {
      const answer = await ask(range)
      t.match(answer, /^HTTP\/1\.1 200/, round)
      t.ok(answer.endsWith(right.toString('latin1')), round)
    }
  }
)

t.test('a client that reads nothing holds up nobody and no memory', async t => {
  const { world, origin } = await setUp(t)
  const body = randomBytes(30_000_000)
  origin.items.set('pool/a.deb', { body })
  const idle: Socket = connect(world.port, '127.0.0.1')
  t.teardown(() => idle.destroy())
  await once(idle, 'connect')
  idle.pause()
  idle.write('GET /apt/d/pool/a.deb HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
  await until(() => origin.requests.length === 1)
  const other = await fetch(`${world.url}/apt/d/pool/a.deb`)
  t.equal(sha256Hex(Buffer.from(await other.arrayBuffer())), sha256Hex(body))
  t.ok(world.pull.statistics().bytesServed < 2 * body.length, 'the idle one was not run ahead of')
})

t.test('as a proxy', async t => {
  const { world, origin } = await setUp(t)
  origin.items.set('pool/a.deb', { body: Buffer.from('bytes') })
  const ask = (line: string): Promise<string> =>
    raw(world.port, `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
  t.match(await ask(`GET ${origin.url}pool/a.deb`), /^HTTP\/1\.1 200[\s\S]*bytes$/)
  t.match(await ask('GET http://169.254.169.254/latest/'), /^HTTP\/1\.1 403[\s\S]*setup apt/)
  for (const own of [world.url, `http://LocalHost:${world.port}`]) {
    t.match(await ask(`GET ${own}/apt/d/pool/a.deb`), /^HTTP\/1\.1 200[\s\S]*bytes$/, own)
  }
  t.match(await ask(`GET ${world.url}/apt/d/%2e%2e/pool/a.deb`), /^HTTP\/1\.1 400/)
  t.match(await ask(`GET ${world.url}?x`), /^HTTP\/1\.1 404/)
  for (const other of [`http://127.0.0.2:${world.port}`, 'http://127.0.0.1:1']) {
    t.match(await ask(`GET ${other}/apt/d/pool/a.deb`), /^HTTP\/1\.1 403/, other)
  }
  t.match(await ask('CONNECT mirror.test:443'), /^HTTP\/1\.1 (405|501)/)
})

t.test('what is refused', async t => {
  const { world, origin } = await setUp(t)
  const ask = (line: string): Promise<string> =>
    raw(world.port, `${line} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`)
  for (const [line, code] of [
    ['GET /apt/d/../../etc/passwd', 400],
    ['GET /apt/d/%2e%2e/%2e%2e/etc/passwd', 400],
    ['GET /apt/d/a%00b', 400],
    ['GET /apt/d/%zz', 400],
    ['GET /apt/other/x', 404],
    ['GET /apt/d/gone', 404],
    ['PUT /apt/d/pool/a.deb', 405],
    ['DELETE /apt/d/pool/a.deb', 405]
  ] as const) {
    t.match(await ask(line), new RegExp(`^HTTP/1\\.1 ${code} `), line)
  }
  t.equal(origin.requests.length, 1, 'only the name that could have been there was asked for')
})

t.test('a stale answer says so', async t => {
  const { world, origin } = await setUp(t)
  origin.items.set('dists/x/InRelease', { body: Buffer.from('signed') })
  await (await fetch(`${world.url}/apt/d/dists/x/InRelease`)).text()
  await settled(world)
  origin.items.set('dists/x/InRelease', { body: Buffer.from('new'), faults: [status(500)] })
  world.clock.advance(3_600_000)
  const answer = await fetch(`${world.url}/apt/d/dists/x/InRelease`)
  t.equal(answer.headers.get('x-cairn'), 'stale')
  t.match(answer.headers.get('warning'), /^110 /)
  t.equal(await answer.text(), 'signed')
})
