import { mock } from 'node:test'
import t from 'tap'
import { bounds } from '../../src/net/bounds.ts'
import { openHttpPeer } from '../../src/net/http-peer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { serve } from './peer-world.ts'

const content = seededBytes(3_000_000, 'content')

/** Its timers go on when the test says so; those of connections are node:http's own. */
async function setUp(t: Parameters<typeof serve>[0], answer: Parameters<typeof serve>[1]) {
  const { address } = await serve(t, answer)
  const peer = openHttpPeer(address, 'http', {
    host: '127.0.0.1',
    port: Number(address.split(':')[1])
  })
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => {
    mock.timers.reset()
    peer.close()
  })
  const { signal } = new AbortController()
  return (await peer.request('/', { method: 'GET', signal })).body
}

t.test('a reader that rests longer than a peer may is not the peer’s fault', async t => {
  const body = await setUp(t, (_, response) => response.end(content))
  const pieces: Uint8Array[] = []
  for await (const piece of body) {
    pieces.push(Buffer.from(piece))
    mock.timers.tick(bounds.paces[0].ms + 1)
  }
  t.equal(Buffer.compare(Buffer.concat(pieces), content), 0)
})

t.test('a peer that stops while somebody waits for it is left', async t => {
  const body = await setUp(t, (_, response) => {
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, 100))
  })
  t.equal((await body.next()).value?.byteLength, 100)
  const waiting = body.next()
  mock.timers.tick(bounds.paces[0].ms + 1)
  await t.rejects(waiting, { code: 'timeout', message: /stopped sending/ })
})

t.test('a body that is let go before it was begun gives its connection back', async t => {
  let closed = 0
  const body = await setUp(t, (_, response) => {
    response.once('close', () => closed++)
    response.writeHead(200, { 'content-length': content.length })
    response.write(content.subarray(0, 100))
  })
  await body.return?.()
  while (closed === 0) await new Promise(resolve => setImmediate(resolve))
  t.equal(closed, 1)
})
