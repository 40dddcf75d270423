import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { selfSigned } from '../../src/daemon/self-signed.ts'
import { bounds } from '../../src/net/bounds.ts'
import {
  type BulkOffer,
  bulkTls,
  decodeOffer,
  encodeOffer,
  offerBytes
} from '../../src/net/libp2p/bulk-offer.ts'
import { BulkPort } from '../../src/net/libp2p/bulk-port.ts'
import { openSecured } from '../../src/net/libp2p/dial-bulk.ts'
import { fails } from '../lib/fails.ts'
import { until } from '../lib/pull-world.ts'

interface World {
  readonly port: number
  readonly bulk: BulkPort
  /** What libp2p was handed, byte for byte; and how many connections. */
  readonly heard: Buffer[]
  readonly handed: Socket[]
  readonly secured: TLSSocket[]
  readonly banned: Set<string>
}

/** A port that a libp2p shares which writes down what it hears, and answers nothing. */
async function open(t: Test, mayCome: (address: string) => boolean = () => true): Promise<World> {
  const heard: Buffer[] = []
  const handed: Socket[] = []
  const secured: TLSSocket[] = []
  const banned = new Set<string>()
  const bulk = new BulkPort({
    mayCome,
    isBanned: peer => banned.has(peer),
    onConnection: secure => {
      secure.on('error', () => {})
      secured.push(secure)
    }
  })
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    bulk.sort(socket, sorted => {
      const index = handed.push(sorted) - 1
      heard[index] = Buffer.alloc(0)
      sorted.on('error', () => {})
      sorted.on('data', piece => {
        heard[index] = Buffer.concat([heard[index]!, piece])
      })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    bulk.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { port, bulk, heard, handed, secured, banned }
}

type Told = Omit<BulkOffer, 'port'>

/** Shakes hands by an offer; resolves with what came of it. */
async function shake(port: number, told: Told): Promise<'secure' | 'refused'> {
  try {
    await openSecured('127.0.0.1', { port, ...told }, AbortSignal.timeout(20_000))
    return 'secure'
  } catch {
    return 'refused'
  }
}

/** What a client of that offer would send first. */
async function helloOf({ identity, secret }: Told): Promise<Buffer> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const came = once(server, 'connection') as Promise<[Socket]>
  const client = connectTls({
    ...bulkTls,
    host: '127.0.0.1',
    port,
    pskCallback: () => ({ psk: secret, identity })
  }).on('error', () => {})
  const [socket] = await came
  const [hello] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  client.destroy()
  server.close()
  return hello
}

const stranger = (): Told => ({
  identity: randomBytes(16).toString('hex'),
  secret: randomBytes(32)
})

t.test('an offer is told in 50 bytes, and what is none is refused', t => {
  const offer = { port: 7072, ...stranger() }
  const bytes = encodeOffer(offer)
  t.equal(bytes.byteLength, offerBytes)
  t.strictSame({ ...decodeOffer(bytes), secret: Buffer.from(offer.secret) }, offer)
  for (const [what, wrong] of [
    ['nothing', bytes.subarray(0, 0)],
    ['cut off', bytes.subarray(0, offerBytes - 1)],
    ['too long', Buffer.concat([bytes, Buffer.from('x')])],
    ['no port', Buffer.concat([Buffer.alloc(2), bytes.subarray(2)])],
    ['much', Buffer.alloc(100_000, 1)]
  ] as const) {
    fails(t, 'invalid', () => decodeOffer(wrong), what)
  }
  t.end()
})

t.test(
  'what shows no offer is handed to libp2p unchanged, in whatever pieces it comes',
  async t => {
    const world = await open(t)
    const { port, bulk, heard, handed } = world
    const hello = await helloOf(stranger())
    const used = bulk.offer('peer')!
    const usedHello = await helloOf(used)
    t.equal(await shake(port, used), 'secure')
    bulk.offer('peer')
    const long = Buffer.concat([Buffer.from([0x16, 3, 1, 255, 255]), Buffer.alloc(2000, 7)])
    for (const [what, bytes, step] of [
      ['multistream', Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n'), 1000],
      ['multistream by bytes', Buffer.from('\x13/multistream/1.0.0\n\x07/noise\n'), 1],
      ['a nonce of a private network', randomBytes(24), 1000],
      ['a nonce that begins as TLS does', Buffer.from([0x16, ...randomBytes(23)]), 1],
      ['a ClientHello with an identity that nobody was told', hello, 10_000],
      ['the same in two pieces', hello, 200],
      ['one whose offer was taken before', usedHello, 10_000],
      ['one that is longer than ours', long, 10_000]
    ] as const) {
      const count = handed.length
      const socket = connect(port, '127.0.0.1')
      for (let at = 0; at < bytes.byteLength; at += step) {
        const piece = bytes.subarray(at, at + step)
        await new Promise(resolve => socket.write(piece, resolve))
        if (step < 1000) await new Promise(resolve => setImmediate(resolve))
      }
      await until(() => heard[count]?.byteLength === bytes.byteLength)
      t.equal(Buffer.compare(heard[count]!, bytes), 0, what)
      t.equal(socket.bytesRead, 0, `${what}: nobody answers it in TLS`)
      socket.destroy()
    }
    t.equal(world.secured.length, 1)
  }
)

t.test('while nothing is offered nobody is looked at', async t => {
  const { port, handed } = await open(t)
  const silent = connect(port, '127.0.0.1')
  await until(() => handed.length > 0)
  t.equal(handed.length, 1)
  silent.destroy()
})

t.test('who was told the secret is let in, once, as the peer it is', async t => {
  const { port, bulk, secured } = await open(t)
  const told = bulk.offer('12D3KooWpeer')!
  t.equal(await shake(port, told), 'secure')
  await until(() => secured.length === 1)
  t.equal(secured[0]!.remoteAddress, '12D3KooWpeer')
  t.equal(secured[0]!.getProtocol(), 'TLSv1.3')
})

t.test(
  'another secret, and a peer banned meanwhile, are refused, and the offer is used up',
  async t => {
    const { port, bulk, secured, handed, banned } = await open(t)
    const { identity } = bulk.offer('peer')!
    t.equal(await shake(port, { identity, secret: randomBytes(32) }), 'refused')
    const late = bulk.offer('peer')!
    banned.add('peer')
    t.equal(await shake(port, late), 'refused')
    t.equal(secured.length, 0)
    t.equal(handed.length, 0)
    for (let count = 0; count < bounds.connections; count++)
      t.ok(bulk.offer('peer'), 'neither stands')
  }
)

t.test('who comes from where nobody may is libp2p’s, which refuses it', async t => {
  const { port, bulk, handed, secured } = await open(t, () => false)
  const told = bulk.offer('peer')!
  const socket = connect(port, '127.0.0.1')
  socket.write(await helloOf(told))
  await until(() => handed.length === 1)
  t.equal(secured.length, 0)
  socket.destroy()
})

t.test('offers have bounds: a peer’s, and all; one that is not taken ends', async t => {
  const { bulk, port, handed } = await open(t)
  const halfway = connect(port, '127.0.0.1').on('error', () => {})
  halfway.write(await helloOf(bulk.offer('slow')!))
  await once(halfway, 'data')
  const ended = once(halfway, 'close')
  t.ok(bulk.offer('greedy'))
  const silent = connect(port, '127.0.0.1')
  await once(silent, 'connect')
  for (let count = 1; count < bounds.connections; count++) t.ok(bulk.offer('greedy'))
  t.equal(bulk.offer('greedy'), undefined)
  for (let count = bounds.connections; count < bounds.bulkOffers; count++) bulk.offer(`${count}`)
  t.equal(bulk.offer('one more'), undefined)
  await until(() => bulk.offer('one more') !== undefined)
  t.pass('after a while there is room again')
  await until(() => handed.length === 1)
  t.pass('and who says nothing is libp2p’s after a while')
  await ended
  t.pass('a handshake that stalls is ended')
  silent.destroy()
})

t.test(
  'a crowd that says nothing is libp2p’s beyond a bound, and one that leaves is forgotten',
  async t => {
    const { port, bulk, handed, secured } = await open(t)
    bulk.offer('peer')
    const crowd = Array.from({ length: bounds.bulkYoungOfOne + 3 }, () =>
      connect(port, '127.0.0.1')
    )
    await until(() => handed.length >= 3)
    for (const socket of crowd) socket.destroy()
    // Whoever is handed to libp2p still is not answered there.
    while (secured.length === 0) {
      const told = bulk.offer('probe')
      const signal = AbortSignal.timeout(2_000)
      if (told === undefined) await new Promise(resolve => setTimeout(resolve, 10))
      else await openSecured('127.0.0.1', { port, ...told }, signal).catch(() => {})
    }
    t.pass('there is room again')
  }
)

t.test('a server that shows a certificate is not who told the secret', async t => {
  const { certificate: cert, key } = await selfSigned(t.testdir(), systemClock)
  const server = createTlsServer({ cert, key, minVersion: 'TLSv1.3' })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  t.equal(await shake(port, stranger()), 'refused')
})

t.test('what is being looked at, and shakes hands, ends with the port', async t => {
  const { port, bulk } = await open(t)
  const told = bulk.offer('peer')!
  const silent = connect(port, '127.0.0.1').on('error', () => {})
  await once(silent, 'connect')
  const halfway = connect(port, '127.0.0.1').on('error', () => {})
  halfway.write(await helloOf(told))
  await once(halfway, 'data')
  const ended = Promise.all([once(silent, 'close'), once(halfway, 'close')])
  bulk.close()
  await ended
  t.pass('both')
})
