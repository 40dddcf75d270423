import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type OnReadOpts, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { PeerRequest } from '../../src/net/api.ts'
import { BulkClient } from '../../src/net/bulk-client.ts'
import { SocketReader } from '../../src/net/socket-reader.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { until } from '../lib/pull-world.ts'

type Play = (socket: Socket, request: string) => void

/** A server that answers each request as a test wants, and a client of it. */
async function play(t: Test, answer: Play) {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', data => {
      asked.push(data.toString('latin1'))
      answer(socket, data.toString('latin1'))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const direct = (onread: OnReadOpts) => connect({ host: '127.0.0.1', port, onread })
  const client = new BulkClient('it', 'it:80', async () => new SocketReader(direct))
  t.teardown(() => {
    client.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const ask = async (options: Partial<PeerRequest> = {}) => {
    const signal = AbortSignal.timeout(20_000)
    const answer = await client.request('/', { method: 'GET', signal, ...options })
    if (answer === undefined) throw new Error('no connection')
    return answer
  }
  const read = async (options: Partial<PeerRequest> = {}) => {
    const { status, body } = await ask(options)
    const pieces: Uint8Array[] = []
    for await (const piece of body) pieces.push(Uint8Array.from(piece))
    return { status, bytes: Buffer.concat(pieces) }
  }
  return { client, ask, read, asked, sockets }
}

const long = seededBytes(3_000_000, 'long')
const chunk = (bytes: Uint8Array) =>
  Buffer.concat([Buffer.from(`${bytes.byteLength.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

t.test('what it sends comes, in any pieces and both ways to tell a length', async t => {
  const cut = [0, 1, 17, 262_144, 262_145, 1_000_000, long.byteLength]
  const parts = cut.slice(1).map((to, index) => long.subarray(cut[index], to))
  const chunked = Buffer.concat([
    Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ...parts.map(chunk),
    Buffer.from('0\r\n\r\n')
  ])
  const counted = Buffer.concat([
    Buffer.from(`HTTP/1.1 206 \r\nContent-Length:  ${long.byteLength} \r\n\r\n`),
    long
  ])
  for (const [status, whole] of [
    [200, chunked],
    [206, counted]
  ] as const) {
    for (const step of [whole.byteLength, 100_003, 37]) {
      const world = await play(t, socket => {
        const until = Math.min(whole.byteLength, step === 37 ? 5_000 : whole.byteLength)
        for (let at = 0; at < until; at += step)
          socket.write(whole.subarray(at, Math.min(at + step, until)))
        socket.write(whole.subarray(until))
      })
      const { status: got, bytes } = await world.read()
      t.same([got, Buffer.compare(bytes, long)], [status, 0], `${status} by ${step}`)
    }
  }
})

t.test(
  'a connection is used again, a body is sent, and one that was closed meanwhile is made anew',
  async t => {
    const world = await play(t, (socket, request) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      if (request.startsWith('PUT')) socket.end()
    })
    const body = Buffer.from('hello')
    t.equal(
      (await world.read({ method: 'POST', headers: { 'content-length': '5' }, body })).status,
      200
    )
    t.match(
      world.asked.join(''),
      /^POST \/ HTTP\/1\.1\r\nhost: [^\r]+\r\ncontent-length: 5\r\n\r\nhello$/
    )
    t.equal((await world.read()).status, 200)
    t.equal(world.sockets.size, 1)
    t.equal((await world.read({ method: 'PUT' })).status, 200)
    t.equal((await world.read()).status, 200, 'after the other side closed')
    t.equal(world.sockets.size, 2)
  }
)

t.test('a flood is read no faster than it is used', async t => {
  const world = await play(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n')
    const flood = Buffer.alloc(1_000_000)
    const more = () => void (socket.destroyed || socket.write(flood, more))
    more()
  })
  const { body } = await world.ask()
  await body.next()
  const [server] = world.sockets
  let before = -1
  while (server!.bytesWritten !== before) {
    before = server!.bytesWritten
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  t.ok(before < 40_000_000, `${before} bytes were taken by the sockets`)
  await body.return?.()
})

t.test('what is no answer, or ends early, is told as the failure of the peer', async t => {
  const head = 'HTTP/1.1 200 OK\r\n'
  const answers: Record<string, string> = {
    'no HTTP': 'SSH-2.0-OpenSSH\r\n\r\n',
    'another version': 'HTTP/2 200\r\n\r\n',
    'an interim answer': 'HTTP/1.1 100 Continue\r\n\r\n',
    'half a head': 'HTTP/1.1 200 OK\r\ncontent-le',
    'a head without end': `${head}${'x: y\r\n'.repeat(5_000)}`,
    'a header that is none': `${head}no header\r\n\r\n`,
    'no length': `${head}\r\nbody`,
    'a length that is none': `${head}content-length: -5\r\n\r\n`,
    'two lengths': `${head}content-length: 5\r\ncontent-length: 6\r\n\r\nhello`,
    'a length and chunks': `${head}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
    'another coding': `${head}transfer-encoding: gzip\r\n\r\n`,
    'a short body': `${head}content-length: 50\r\n\r\nhello`,
    'a short chunk': `${head}transfer-encoding: chunked\r\n\r\n50\r\nhello`,
    'a chunk that goes on': `${head}transfer-encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n`,
    'a chunk of no length': `${head}transfer-encoding: chunked\r\n\r\nxyz\r\n`,
    'a chunk of a line without end': `${head}transfer-encoding: chunked\r\n\r\n${'1'.repeat(500)}`,
    'no last chunk': `${head}transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n`
  }
  for (const [what, text] of Object.entries(answers)) {
    const world = await play(t, socket => void socket.end(text))
    await t.rejects(world.read(), { code: 'upstream' }, what)
    t.ok(world.client.isFree)
  }
})

t.test('who lets go ends the connection: by the signal, before the body, in it', async t => {
  const world = await play(t, socket => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${long.byteLength}\r\n\r\n`)
    socket.write(long.subarray(0, 1000))
  })
  const closed = async () => {
    for (const socket of world.sockets) if (!socket.closed) await once(socket, 'close')
  }
  await (await world.ask()).body.return?.()
  await closed()
  const some = await world.ask()
  await some.body.next()
  await some.body.return?.()
  await closed()
  const end = new AbortController()
  const read = world.read({ signal: end.signal })
  const stopped = t.rejects(read, { code: 'aborted' })
  await until(() => world.asked.length === 3)
  end.abort()
  await stopped
  await closed()
  await t.rejects(world.read({ signal: AbortSignal.abort() }), { code: 'aborted' })
  t.equal(world.sockets.size, 3)
})
