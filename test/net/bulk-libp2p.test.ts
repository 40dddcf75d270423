import { randomBytes } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import t, { type Test } from 'tap'
import type { HttpDoor } from '../../src/base/http.ts'
import { serveStreams } from '../../src/daemon/http-server.ts'
import type { Peer } from '../../src/net/api.ts'
import { bulkProtocol, encodeOffer } from '../../src/net/libp2p/bulk-offer.ts'
import { toDuplex } from '../../src/net/libp2p/stream-duplex.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { until } from '../lib/pull-world.ts'
import { requireIpv6 } from '../lib/skip.ts'
import { addTree, contentOf, fetcherFrom, lackingOf, makeMachine, never } from './bulk-world.ts'
import { makeNode, makeStockNode } from './libp2p-world.ts'

const MiB = 1024 * 1024
const long = seededBytes(3 * MiB, 'long')

/** Answers everything with the same bytes. */
const longDoor: HttpDoor = {
  name: 'long',
  accepts: () => true,
  serve: async (_, response) => void response.end(long)
}

/** A node that is asked, with the connections for long bodies that it has. */
async function makeServer(t: Test, doors: readonly HttpDoor[], swarmKey?: Uint8Array) {
  const secured: TLSSocket[] = []
  const onConnection = (stream: unknown) => {
    if (stream instanceof TLSSocket) secured.push(stream)
  }
  const node = await makeNode(t, { doors, onConnection, swarmKey, finds: false })
  return { ...node, secured }
}

async function askBulk(peer: Peer): Promise<{ status: number; bytes: Buffer }> {
  const signal = AbortSignal.timeout(60_000)
  const { status, body } = await peer.request('/', { method: 'GET', bulk: 'long', signal })
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(Uint8Array.from(piece))
  return { status, bytes: Buffer.concat(pieces) }
}

/** Asks until it came over a connection of its own: on a busy machine the first answers come by a stream. */
async function askUntilSecured(peer: Peer, { secured }: { secured: TLSSocket[] }): Promise<void> {
  while (secured.length === 0) await askBulk(peer)
}

t.test('a whole tree comes, and its connections are the peer’s that asked', async t => {
  const whole = makeMachine(t)
  const root = addTree(whole, { big: seededBytes(40 * MiB, 'big') })
  const a = await makeServer(t, contentOf(whole, [root]).doors)
  const b = await makeNode(t, { finds: false })
  await askUntilSecured(b.peerAt(a.addresses()[0]!), a)
  b.book.add(a.addresses()[0]!)
  const machine = makeMachine(t)
  await fetcherFrom(b, machine).whole(root, never)
  t.same(lackingOf(machine, whole, root), [])
  for (const { remoteAddress } of a.secured) t.equal(remoteAddress, b.id)
})

t.test('who dialled us is asked at the port that it tells', async t => {
  const a = await makeServer(t, [longDoor])
  const b = await makeServer(t, [longDoor])
  await askBulk(b.peerAt(a.addresses()[0]!))
  const peer = a.peerAt(`/ip4/127.0.0.1/tcp/9/p2p/${b.id}`)
  await askUntilSecured(peer, b)
  t.equal(b.secured[0]!.remoteAddress, a.id)
  t.same(await askBulk(peer), { status: 200, bytes: long })
})

t.test('over IPv6 it is no different', async t => {
  if (!requireIpv6(t)) return
  const secured: TLSSocket[] = []
  const onConnection = (stream: unknown) => {
    if (stream instanceof TLSSocket) secured.push(stream)
  }
  const a = await makeNode(t, { host: '::1', doors: [longDoor], onConnection, finds: false })
  const b = await makeNode(t, { host: '::1', finds: false })
  await askUntilSecured(b.peerAt(a.addresses()[0]!), { secured })
  t.equal(secured[0]!.remoteAddress, b.id)
})

t.test('below a swarm key it is no different, and who has none finds nobody', async t => {
  const swarmKey = randomBytes(32)
  const a = await makeServer(t, [longDoor], swarmKey)
  const b = await makeNode(t, { swarmKey, finds: false })
  const peer = b.peerAt(a.addresses()[0]!)
  await askUntilSecured(peer, a)
  t.same(await askBulk(peer), { status: 200, bytes: long })
  const stranger = await makeNode(t, { finds: false })
  const count = a.secured.length
  await t.rejects(askBulk(stranger.peerAt(a.addresses()[0]!)))
  t.equal(a.secured.length, count)
})

t.test('who is banned is served no more on what stands', async t => {
  const a = await makeServer(t, [longDoor])
  const b = await makeNode(t, { finds: false })
  const peer = b.peerAt(a.addresses()[0]!)
  await askUntilSecured(peer, a)
  a.book.ban(b.id, { untilMs: Number.MAX_SAFE_INTEGER, why: 'operator' })
  t.equal((await askBulk(peer)).status, 403, 'on a connection of its own, or on a stream')
  const { status, body } = await peer.request('/', { method: 'GET', signal: never })
  t.equal(status, 403, 'on a stream')
  await body.return?.()
})

t.test('other connections come to libp2p while offers stand', async t => {
  const a = await makeServer(t, [longDoor])
  const nodes = await Promise.all(Array.from({ length: 4 }, () => makeNode(t, { finds: false })))
  const asked = nodes.map(async node => await askBulk(node.peerAt(a.addresses()[0]!)))
  for (const { status, bytes } of await Promise.all(asked)) t.same([status, bytes], [200, long])
})

t.test('where none is to be had, streams do', async t => {
  const noBulk: Record<string, ((stream: Stream) => void) | undefined> = {
    'an older Cairn': undefined,
    'one that tells nothing': stream => void stream.close(),
    'one that ends it': stream => stream.abort(new Error('no')),
    'half an offer': stream => {
      stream.send(Buffer.alloc(20, 1))
      void stream.close()
    },
    'an offer of no port': stream => void stream.send(Buffer.alloc(50)),
    'more than an offer': stream => void stream.send(Buffer.alloc(100_000, 1)),
    'an offer that its port knows nothing of': stream => {
      const told = { identity: randomBytes(16).toString('hex'), secret: randomBytes(32) }
      stream.send(encodeOffer({ port: 9, ...told }))
    },
    'one that says nothing': () => {}
  }
  const b = await makeNode(t, { finds: false })
  for (const [what, answer] of Object.entries(noBulk)) {
    const node = await makeStockNode(t)
    const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }
    const streams = serveStreams({
      doors: [longDoor],
      log: quiet as never,
      guard: async () => ({ user: undefined, scopes: new Set(), root: [] })
    })
    await node.handle('/cairn/http/1', stream => streams.take(toDuplex(stream)))
    if (answer !== undefined) await node.handle(bulkProtocol, answer)
    const peer = b.peerAt(String(node.getMultiaddrs()[0]))
    t.same(await askBulk(peer), { status: 200, bytes: long }, what)
    t.same(await askBulk(peer), { status: 200, bytes: long }, `${what}, again`)
    peer.close()
    streams.close()
  }
})

t.test('who asks for offers without end, and goes away, harms nobody else', async t => {
  const a = await makeServer(t, [longDoor])
  const greedy = await makeStockNode(t)
  const connection = await greedy.dial(multiaddr(a.addresses()[0]!))
  for (let count = 0; count < 100; count++) {
    const stream = await connection.newStream(bulkProtocol).catch(() => undefined)
    if (count % 2 === 0) stream?.abort(new Error('gone'))
  }
  const b = await makeNode(t, { finds: false })
  const peer = b.peerAt(a.addresses()[0]!)
  await askUntilSecured(peer, a)
  t.same(await askBulk(peer), { status: 200, bytes: long })
})

t.test('a node that ends has nothing left open', async t => {
  const a = await makeServer(t, [longDoor])
  const b = await makeNode(t, { finds: false })
  await askUntilSecured(b.peerAt(a.addresses()[0]!), a)
  await a.close()
  await until(() => a.secured.every(({ destroyed }) => destroyed))
  t.pass('it ended')
})
