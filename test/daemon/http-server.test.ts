import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { HttpDoor } from '../../src/base/http.ts'
import type { ConnectionLimits } from '../../src/daemon/connections.ts'
import { openHttpServer } from '../../src/daemon/http-server.ts'

const roomy: ConnectionLimits = { connections: 100, waiting: 50, together: 4, stallMs: 60_000 }
const host = 'Host: 127.0.0.1\r\n'

/** A door that says what it was asked, and holds what is asked of `/held` until `release`. */
async function serve(t: Test, limits: Partial<ConnectionLimits> = {}) {
  const seen: string[] = []
  const held: Array<() => void> = []
  const door: HttpDoor = {
    name: 'test',
    accepts: () => true,
    serve: async (request, response) => {
      const { method, url } = request
      seen.push(`${method} ${url}`)
      if (url?.startsWith('/held')) await new Promise<void>(resolve => held.push(resolve))
      for await (const piece of request) seen.push(`${piece}`)
      seen.push(`end ${url}`)
      response.end(url === '/long' ? Buffer.alloc(64 * 1024 * 1024) : url)
    }
  }
  const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} } as never
  const server = await openHttpServer(
    { host: '127.0.0.1', port: 0 },
    { doors: [door], log, connections: { ...roomy, ...limits } }
  )
  t.teardown(() => server.close(AbortSignal.abort()))
  const { close } = server
  return {
    seen,
    held,
    close,
    port: server.address.port,
    open: (from?: string) => open(t, server.address.port, from)
  }
}

interface Client {
  readonly socket: Socket
  readonly text: () => string
  readonly closed: Promise<unknown>
}

async function open(t: Test, port: number, localAddress?: string): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  t.teardown(() => socket.destroy())
  let text = ''
  socket.setEncoding('latin1').on('data', piece => {
    text += piece
  })
  socket.on('error', () => {})
  const closed = new Promise(resolve => socket.once('close', resolve))
  await once(socket, 'connect')
  return { socket, text: () => text, closed }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(5)
}

t.test('what is no request of one meaning is refused at once, and served by no door', async t => {
  const { seen, open } = await serve(t)
  const cases: ReadonlyArray<readonly [string, string, number]> = [
    [
      'both lengths',
      `PUT /a HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400
    ],
    [
      'two lengths',
      `PUT /a HTTP/1.1\r\n${host}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
      400
    ],
    ['a list of lengths', `PUT /a HTTP/1.1\r\n${host}Content-Length: 5, 5\r\n\r\nabcde`, 400],
    ['a signed length', `PUT /a HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\nabcde`, 400],
    [
      'a length beyond numbers',
      `PUT /a HTTP/1.1\r\n${host}Content-Length: ${'9'.repeat(40)}\r\n\r\n`,
      400
    ],
    [
      'an unknown coding',
      `PUT /a HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      400
    ],
    [
      'a space before the colon',
      `PUT /a HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n`,
      400
    ],
    [
      'a folded line',
      `GET /a HTTP/1.1\r\n${host}X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n`,
      400
    ],
    ['bare line feeds', `GET /a HTTP/1.1\n${host}\n`, 400],
    ['NUL in a header', `GET /a HTTP/1.1\r\n${host}X-A: a\0b\r\n\r\n`, 400],
    ['no Host', 'GET /a HTTP/1.1\r\n\r\n', 400],
    ['two Hosts', `GET /a HTTP/1.1\r\n${host}Host: other.example\r\n\r\n`, 400],
    ['a version that is not spoken', `GET /a HTTP/2.0\r\n${host}\r\n`, 400],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a TLS hello', '\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03', 400],
    ['zeros', '\0'.repeat(100), 400],
    [
      'a head of a megabyte',
      `GET /a HTTP/1.1\r\n${host}X-A: ${'b'.repeat(1_000_000)}\r\n\r\n`,
      431
    ],
    ['a tunnel', 'CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n', 501]
  ]
  for (const [what, sent, status] of cases) {
    const { socket, text } = await open()
    socket.write(sent, 'latin1')
    await until(() => text().includes('\r\n\r\n'))
    t.match(text(), new RegExp(`^HTTP/1.1 ${status} `), what)
  }
  t.notOk(
    seen.some(line => line.startsWith('end')),
    'no door served one'
  )
})

t.test('a body that stops coming ends with 408, and its connection', async t => {
  const { open } = await serve(t, { stallMs: 100 })
  const { socket, text, closed } = await open()
  socket.write(`PUT /a HTTP/1.1\r\n${host}Content-Length: 9\r\n\r\nabc`)
  await closed
  t.match(text(), /^HTTP\/1\.1 408 .*connection: close/is)
})

t.test('an answer that nobody takes ends its connection', async t => {
  const { seen, open } = await serve(t, { stallMs: 100 })
  const { socket, closed } = await open()
  socket.write(`GET /long HTTP/1.1\r\n${host}\r\n`)
  socket.pause()
  await until(() => seen.includes('end /long'))
  await setTimeout(300)
  socket.resume()
  await closed
  t.ok(socket.bytesRead < 64 * 1024 * 1024, 'it was cut')
})

t.test('one who waits for us while we work is not cut', async t => {
  const { held, open } = await serve(t, { stallMs: 50 })
  const { socket, text } = await open()
  socket.write(`GET /held HTTP/1.1\r\n${host}\r\n`)
  await until(() => held.length === 1)
  await setTimeout(300)
  held[0]?.()
  await until(() => text().includes('/held'))
  t.match(text(), /^HTTP\/1\.1 200 /)
})

t.test('the end waits for answers under way, and for no connection besides', async t => {
  const { held, close, open } = await serve(t)
  const [unused, half, idle, busy] = await Promise.all([open(), open(), open(), open()])
  half.socket.write(`GET /half HTTP/1.1\r\n`)
  idle.socket.write(`GET /idle HTTP/1.1\r\n${host}\r\n`)
  busy.socket.write(`GET /held HTTP/1.1\r\n${host}\r\n`)
  await until(() => held.length === 1 && idle.text().endsWith('/idle'))
  const closed = close(new AbortController().signal)
  await Promise.all([unused.closed, half.closed, idle.closed])
  t.equal(busy.text(), '')
  for (const release of held) release()
  await Promise.all([closed, busy.closed])
  t.ok(busy.text().endsWith('/held'), 'though its client keeps the connection')
})

t.test('one address has so many connections and no more; another has its own', async t => {
  const { open } = await serve(t, { ofOne: 2 })
  const kept = [await open('127.0.0.2'), await open('127.0.0.2')]
  await (await open('127.0.0.2')).closed
  const other = await open('127.0.0.3')
  other.socket.write(`GET /other HTTP/1.1\r\n${host}\r\n`)
  await until(() => other.text().includes('/other'))
  kept[0]?.socket.destroy()
  const next = async (): Promise<string> => {
    const client = await open('127.0.0.2')
    client.socket.write(`GET /next HTTP/1.1\r\n${host}\r\n`)
    await until(() => client.socket.destroyed || client.text().includes('/next'))
    return client.text()
  }
  while (!(await next()).includes('/next'));
  t.pass('what was given back can be had again')
})

t.test('idle connections give way, the oldest first; one at work stays', async t => {
  const { held, open } = await serve(t, { waiting: 3 })
  const worker = await open()
  worker.socket.write(`GET /held HTTP/1.1\r\n${host}\r\n`)
  await until(() => held.length === 1)
  const idle = []
  for (let i = 0; i < 3; i++) idle.push(await open())
  const head = await open()
  head.socket.write('GET /late HTTP/1.1\r\nHost: 127')
  await idle[0]?.closed
  head.socket.write(`.0.0.1\r\n\r\n`)
  await until(() => head.text().includes('/late'))
  held[0]?.()
  await until(() => worker.text().includes('/held'))
  t.notOk(idle[2]?.socket.destroyed)
})

t.test(
  'of requests sent ahead a few are worked on, the rest waits, and all are answered in order',
  async t => {
    const { seen, held, open } = await serve(t)
    const { socket, text } = await open()
    const count = 4000
    const padding = `X-Padding: ${'p'.repeat(4000)}\r\n`
    for (let i = 0; i < 4; i++) socket.write(`GET /held${i} HTTP/1.1\r\n${host}\r\n`)
    await until(() => held.length === 4)
    for (let i = 0; i < count; i++) {
      socket.write(`GET /n${i} HTTP/1.1\r\n${host}${padding}\r\n`)
    }
    await setTimeout(200)
    t.same(seen.length, 4, 'nothing more is begun')
    t.ok(socket.writableLength > 0, 'and the connection is not read')
    for (const release of held) release()
    await until(() => text().endsWith(`/n${count - 1}`))
    const order = [...text().matchAll(/\r\n\r\n\/n(\d+)/g)].map(match => Number(match[1]))
    t.same(order, [...Array(count).keys()])
  }
)

t.test(
  'a request that changes something is alone: none before it is under way, none after it begins',
  async t => {
    const { seen, held, open } = await serve(t)
    const { socket, text } = await open()
    socket.write(
      `GET /held1 HTTP/1.1\r\n${host}\r\nPUT /held2 HTTP/1.1\r\n${host}Content-Length: 3\r\n\r\nabcGET /last HTTP/1.1\r\n${host}\r\n`
    )
    await until(() => held.length === 1)
    held[0]?.()
    await until(() => held.length === 2)
    t.same(seen, ['GET /held1', 'end /held1', 'PUT /held2'])
    held[1]?.()
    await until(() => text().endsWith('/last'))
    t.same(seen.slice(3), ['abc', 'end /held2', 'GET /last', 'end /last'])
  }
)

t.test('one who sends many ahead leaves others their turn', async t => {
  const { open } = await serve(t)
  const [many, one] = [await open(), await open()]
  const count = 1500
  many.socket.write(`GET /m HTTP/1.1\r\n${host}\r\n`.repeat(count))
  one.socket.write(`GET /one HTTP/1.1\r\n${host}\r\n`)
  await until(() => one.text().includes('/one'))
  const answered = many.text().split('HTTP/1.1 200').length - 1
  t.ok(answered < count / 2, `${answered} of ${count} were answered before`)
  await until(() => many.text().split('HTTP/1.1 200').length === count + 1)
})

t.test('a whole URL of this server is its path, and counts as its Host', async t => {
  const { open, seen, port } = await serve(t)
  const ask = async (url: string, headers = host) => {
    const client = await open()
    client.socket.write(`GET ${url} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`)
    await client.closed
    return client.text().split('\r\n')[0]
  }
  t.match(await ask(`http://127.0.0.1:${port}/a%2Fb/../c?d`), /200/)
  t.match(await ask(`http://localhost:${port}`, 'Host: evil.example\r\n'), /200/)
  t.match(await ask(`http://127.0.0.1:${port}/page`, `${host}Origin: http://x\r\n`), /403/)
  t.match(await ask('http://127.0.0.1/other'), /200/, 'the doors say what they make of others')
  t.strictSame(
    seen.filter(line => line.startsWith('GET')),
    ['GET /a%2Fb/../c?d', 'GET /', 'GET http://127.0.0.1/other']
  )
})
