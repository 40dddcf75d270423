import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import type { Classification } from '../../src/pull/adapter.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { bodyOf, until, wantedItem } from '../lib/pull-world.ts'
import { type Asking, hold, makeMachine, makePeers, serve, servePeers } from './peer-world.ts'

const small = seededBytes(100_000, 'small')
const long = seededBytes(9_000_000, 'long')

/** Nothing listens there. */
const nowhere = { url: 'http://127.0.0.1:9/' }

function named(bytes: Uint8Array, origin = nowhere, path = 'pool/a.deb'): Classification {
  return wantedItem(origin, path, { digest: digestOf('sha256', bytes) })
}

const range = ({ headers }: IncomingMessage): number =>
  Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0)

/** A peer that says it has something of a length, and sends what it likes. */
function claiming(
  length: number,
  send: (request: IncomingMessage, response: ServerResponse) => void
) {
  return (request: IncomingMessage, response: ServerResponse) => {
    if (request.method !== 'HEAD') return send(request, response)
    response.writeHead(200, { 'content-length': length }).end()
  }
}

t.test('what a peer has is had without the upstream', async t => {
  const a = makeMachine(t)
  for (const [path, bytes] of [
    ['small', small],
    ['long', long]
  ] as const) {
    await hold(t, a, path, bytes)
  }
  const { address } = await servePeers(t, a)
  const asking = makePeers(t, [address])
  const b = makeMachine(t, asking.pull)
  for (const [path, bytes] of [
    ['small', small],
    ['long', long]
  ] as const) {
    const answer = await b.pull.fetch(named(bytes, nowhere, path))
    t.equal(Buffer.compare(await bodyOf(answer), bytes), 0)
    const { key } = named(bytes, nowhere, path)
    await until(() => b.catalog.get(key) !== undefined)
    const again = await b.pull.fetch(named(bytes, nowhere, path))
    t.equal(again.from, 'store', 'and it is here now')
    await bodyOf(again)
  }
  const [state] = asking.peers.list()
  t.equal(state?.bytes, small.length + long.length)
})

/** What an index says of an item of this origin. */
function index(
  { catalog }: ReturnType<typeof makeMachine>,
  wanted: Classification,
  bytes: Uint8Array
) {
  const digest = digestOf('sha256', bytes)
  const learning = catalog.learn('index', {
    digest: digestOf('sha256', Buffer.from('index')),
    learntMs: 1
  })
  learning.add([{ key: wanted.key, digest, bytes: bytes.length }])
  learning.commit()
}

t.test(
  'one peer who answers is asked for what an index names without a question before',
  async t => {
    const upstream = await serve(t, (_, response) => response.end(small))
    const origin = { url: `http://${upstream.address}/` }
    let answer = (response: ServerResponse) => void response.end(small)
    const peer = await serve(t, (request, response) => {
      if (request.method === 'HEAD') response.writeHead(404).end()
      else answer(response)
    })
    const asking = makePeers(t, [peer.address])
    await warm(asking)
    const machine = makeMachine(t, asking.pull)
    const get = async (path: string) => {
      const wanted = wantedItem(origin, path)
      index(machine, wanted, small)
      const asked = peer.asked.length
      t.ok((await bodyOf(await machine.pull.fetch(wanted))).equals(small), path)
      await until(() => machine.pull.statistics().flights === 0)
      machine.catalog.remove(wanted.key)
      return peer.asked.slice(asked).map(line => line.split(' ', 1)[0])
    }
    t.strictSame(await get('had'), ['GET'])
    t.equal(upstream.asked.length, 0)
    answer = response => void response.writeHead(404, { 'content-length': 4 }).end('none')
    t.strictSame(await get('not had'), ['GET'])
    t.equal(upstream.asked.length, 1, 'the upstream has it')
    answer = response => void response.end(small.subarray(1))
    t.strictSame(await get('of another length'), ['GET'])
    t.match(asking.book.banOf(peer.address), { why: 'lied' })
    t.equal(upstream.asked.length, 2)
  }
)

t.test('a peer is never asked for a name, for md5 or sha1, or for what is private', async t => {
  const peer = await serve(t, (_, response) => response.writeHead(404).end())
  const upstream = await serve(t, (_, response) => response.end(small))
  const origin = { url: `http://${upstream.address}/` }
  const machine = makeMachine(t, makePeers(t, [peer.address]).pull)
  await bodyOf(await machine.pull.fetch(wantedItem(origin, 'no-digest')))
  for (const algorithm of ['md5', 'sha1'] as const) {
    const digest = digestOf(algorithm, small)
    await bodyOf(await machine.pull.fetch(wantedItem(origin, algorithm, { digest })))
  }
  await bodyOf(await machine.pull.fetch(named(small, origin, 'private/a')))
  t.same(peer.asked, [])
  await bodyOf(
    await machine.pull.fetch(named(long.subarray(0, 5), origin, 'b')).catch(() => never())
  ).catch(() => {})
  t.equal(peer.asked.length, 1, 'while of a public one it is asked, by its digest alone')
  t.match(peer.asked[0], /^HEAD \/cairn\/peer\/1\/digest\/sha256:[0-9a-f]{64}$/)
})

/** Peers who answered lately are asked first. */
async function warm({ pull }: Asking): Promise<void> {
  const signal = AbortSignal.timeout(10_000)
  const digest = digestOf('sha256', Buffer.from('nobody has this'))
  await pull.source.find(digest, { bytes: undefined, without: new Set(), from: 0, signal })
}

async function never(): Promise<never> {
  throw new Error('not had')
}

t.test('wrong bytes: never stored, never handed on, and the peer is left alone', async t => {
  const upstream = await serve(t, (_, response) => response.end(small))
  const liar = await serve(
    t,
    claiming(small.length, (_, response) => response.end(Buffer.alloc(small.length, 1)))
  )
  const asking = makePeers(t, [liar.address])
  await warm(asking)
  const machine = makeMachine(t, asking.pull)
  const answer = await machine.pull.fetch(named(small, { url: `http://${upstream.address}/` }))
  t.equal(Buffer.compare(await bodyOf(answer), small), 0, 'the upstream is asked instead')
  t.match(asking.book.banOf(liar.address), { why: 'lied' })
  t.equal(asking.peers.askable().length, 0)
  asking.time.skippedMs += 3_600_001
  t.equal(asking.peers.askable().length, 1, 'for an hour')
})

t.test(
  'wrong bytes of a long body fail late: the client never has all, and the next gets it right',
  async t => {
    const upstream = await serve(t, (_, response) => response.end(long))
    const wrong = Buffer.from(long)
    wrong[5] = (wrong[5] ?? 0) ^ 1
    const liar = await serve(
      t,
      claiming(long.length, (_, response) => response.end(wrong))
    )
    const asking = makePeers(t, [liar.address])
    await warm(asking)
    t.ok(asking.pull.source.warm())
    const machine = makeMachine(t, asking.pull)
    const wanted = named(long, { url: `http://${upstream.address}/` })
    const answer = await machine.pull.fetch(wanted)
    let got = 0
    await t.rejects(
      (async () => {
        for await (const piece of answer.body()) got += piece.length
      })(),
      { code: 'mismatch' }
    )
    t.ok(got < long.length, 'the last byte is held back')
    t.equal(machine.catalog.get(wanted.key), undefined, 'nothing wrong is stored')
    t.match(asking.book.banOf(liar.address), { why: 'lied' })
    t.equal(Buffer.compare(await bodyOf(await machine.pull.fetch(wanted)), long), 0)
  }
)

t.test('peers that are no use: another, or the upstream', async t => {
  const cases: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    'does not have it': (_, response) => response.writeHead(404).end(),
    'answers garbage': (request, response) => {
      request.socket.end('garbage\r\n\r\n')
      response.destroy()
    },
    'offers another length': claiming(7, (_, response) => response.end('seven..')),
    'offers no length': (_, response) => response.writeHead(200).end(),
    'is busy': claiming(small.length, (_, response) => response.writeHead(503).end()),
    redirects: (_, response) => response.writeHead(302, { location: nowhere.url }).end(),
    'breaks off': claiming(small.length, (_, response) => {
      response.writeHead(200, { 'content-length': small.length })
      response.write(small.subarray(0, 1000), () => response.destroy())
    }),
    'sends less': claiming(small.length, (_, response) => response.end(small.subarray(1))),
    'sends more': claiming(small.length, (_, response) => {
      response.write(small)
      response.end(small)
    })
  }
  const upstream = await serve(t, (_, response) => response.end(small))
  for (const [what, behaviour] of Object.entries(cases)) {
    const peer = await serve(t, behaviour)
    const asking = makePeers(t, [peer.address])
    await warm(asking).catch(() => {})
    asking.time.skippedMs += 10_001
    const machine = makeMachine(t, asking.pull)
    const answer = await machine.pull.fetch(named(small, { url: `http://${upstream.address}/` }))
    t.equal(Buffer.compare(await bodyOf(answer), small), 0, what)
  }
})

t.test('a peer that dies in the middle: another goes on where it ended', async t => {
  const a = makeMachine(t)
  await hold(t, a, 'long', long)
  const good = await servePeers(t, a)
  const dying = await serve(
    t,
    claiming(long.length, (_, response) => {
      response.writeHead(200, { 'content-length': long.length })
      response.write(long.subarray(0, 5_000_000), () => response.destroy())
    })
  )
  const asking = makePeers(t, [dying.address])
  const machine = makeMachine(t, asking.pull)
  const answer = await machine.pull.fetch(named(long))
  asking.book.add(good.address)
  t.equal(Buffer.compare(await bodyOf(answer), long), 0)
  const credit = asking.peers.list().find(({ id }) => id === good.address)?.bytes ?? 0
  t.ok(credit > 0 && credit < long.length, `only the rest, ${credit} bytes, came from the other`)
})

t.test(
  'a peer that dies and nobody else: a clear error; then the upstream, which goes on',
  async t => {
    const dying = async () =>
      await serve(
        t,
        claiming(long.length, (request, response) => {
          const from = range(request)
          response.writeHead(200, { 'content-length': long.length - from })
          response.write(long.subarray(from, 6_000_000), () => response.destroy())
        })
      )
    const alone = makeMachine(t, makePeers(t, [(await dying()).address]).pull)
    const answer = await alone.pull.fetch(named(long))
    await t.rejects(bodyOf(answer), { code: 'upstream', message: /127\.0\.0\.1:9/ })
    const upstream = await serve(t, (request, response) => {
      const from = range(request)
      const headers = { etag: '"of the upstream"', 'content-length': long.length - from }
      if (from === 0) response.writeHead(200, headers)
      else {
        const which = `bytes ${from}-${long.length - 1}/${long.length}`
        response.writeHead(206, { ...headers, 'content-range': which })
      }
      // The first who asks from the start never gets an answer: the peer is the faster one.
      if (from > 0) response.end(long.subarray(from))
    })
    const machine = makeMachine(t, makePeers(t, [(await dying()).address]).pull)
    const other = await machine.pull.fetch(named(long, { url: `http://${upstream.address}/` }))
    t.equal(Buffer.compare(await bodyOf(other), long), 0)
  }
)

t.test('peers and the upstream race; a peer that is late but alone is waited for', async t => {
  const peer = await serve(
    t,
    claiming(small.length, (_, response) => setTimeout(() => response.end(small), 400))
  )
  const machine = makeMachine(t, makePeers(t, [peer.address]).pull)
  const answer = await machine.pull.fetch(named(small))
  t.equal(Buffer.compare(await bodyOf(answer), small), 0, 'the upstream failed long before')
  const quick = await serve(t, (_, response) => response.end(small))
  const silent = await serve(t, () => {})
  const racing = makeMachine(t, makePeers(t, [silent.address]).pull)
  const won = await racing.pull.fetch(named(small, { url: `http://${quick.address}/` }))
  t.equal(Buffer.compare(await bodyOf(won), small), 0, 'nobody waits for a silent peer')
})
