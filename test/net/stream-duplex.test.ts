import { createHash } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t, { type Test } from 'tap'
import { toDuplex } from '../../src/net/libp2p/stream-duplex.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { makeStockNode } from './libp2p-world.ts'

const protocol = '/test/1'

/** Both ends of one stream between two nodes; `settle` returns when all that `far` sent so far has arrived. */
async function makeStream(t: Test) {
  const [here, there] = [await makeStockNode(t), await makeStockNode(t)]
  const far = Promise.withResolvers<Duplex>()
  await there.handle(protocol, stream => far.resolve(toDuplex(stream)))
  await there.handle('/echo/1', stream => {
    stream.addEventListener('message', ({ data }) => stream.send(data))
  })
  const [address] = there.getMultiaddrs()
  if (address === undefined) throw new Error('it does not listen')
  const settle = async () => {
    const echo = await here.dialProtocol(address, '/echo/1')
    const heard = new Promise(resolve => echo.addEventListener('message', resolve))
    echo.send(Uint8Array.of(1))
    await heard
    echo.abort(new Error('done'))
  }
  const near = toDuplex(await here.dialProtocol(address, protocol))
  return { near, far: await far.promise, settle }
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

t.test('a stream that is reset ends with an error, not as if all had come', async t => {
  const { near, far } = await makeStream(t)
  far.on('error', () => {})
  far.write(seededBytes(100_000, 'reset'), () => far.destroy())
  await t.rejects(
    (async () => {
      for await (const _ of near);
    })()
  )
})

t.test('who reads slowly gets all that was sent before the other side closed', async t => {
  for (const size of [1, 70_000, 200_000, 3_000_000]) {
    const { near, far } = await makeStream(t)
    const sent = seededBytes(size, 'slow')
    const written = pipeline(Readable.from([sent]), far)
    const got: Uint8Array[] = []
    for await (const piece of near) {
      got.push(piece as Uint8Array)
      await new Promise(resolve => setImmediate(resolve))
    }
    const all = Buffer.concat(got)
    t.equal(all.byteLength, size, `${size} bytes`)
    t.equal(digest(all), digest(sent))
    near.end()
    await written
  }
})

t.test('who begins to read after the other side has closed gets all of it', async t => {
  const { near, far, settle } = await makeStream(t)
  const sent = seededBytes(200_000, 'late')
  await pipeline(Readable.from([sent.subarray(0, 70_000), sent.subarray(70_000)]), far)
  await settle()
  const got: Uint8Array[] = []
  for await (const piece of near) got.push(piece as Uint8Array)
  t.equal(digest(Buffer.concat(got)), digest(sent))
})

t.test('each side closes its own direction only', async t => {
  const { near, far } = await makeStream(t)
  near.end('asked')
  const heard: Uint8Array[] = []
  for await (const piece of far) heard.push(piece as Uint8Array)
  t.equal(Buffer.concat(heard).toString(), 'asked')
  far.end('answered')
  const answer: Uint8Array[] = []
  for await (const piece of near) answer.push(piece as Uint8Array)
  t.equal(Buffer.concat(answer).toString(), 'answered')
})
