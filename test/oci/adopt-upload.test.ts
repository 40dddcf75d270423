import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { homePaths } from '../../src/base/home.ts'
import { makeWorld, type StartedDaemon, until } from '../cli/run-cairn.ts'
import {
  digest256,
  openRegistryWorld,
  pushBlob,
  type RegistryWorld
} from '../lib/registry-world.ts'

const MB = 1_000_000
const MiB = 1024 * 1024
const adoptedBytes = 2 * MiB

async function setUp(t: Test, home?: string): Promise<RegistryWorld> {
  const world = await openRegistryWorld({ adoptedBytes, ...(home === undefined ? {} : { home }) })
  t.teardown(world.remove)
  return world
}

async function begin({ ask }: Pick<RegistryWorld, 'ask'>): Promise<string> {
  const answer = await ask('/v2/a/blobs/uploads/', { method: 'POST' })
  return answer.headers.get('location') ?? ''
}

const patch = (bytes: Buffer) => ({ method: 'PATCH', body: new Uint8Array(bytes) })

/** Segments that are files as they came, and uploads under way. */
function filesOf(home: string): { flat: number; uploads: number } {
  const { segments, uploads } = homePaths(home)
  const names = (folder: string) => (existsSync(folder) ? readdirSync(folder) : [])
  const flat = names(segments).filter(name => name.endsWith('.flat')).length
  return { flat, uploads: names(uploads).length }
}

async function blobOf({ ask }: Pick<RegistryWorld, 'ask'>, digest: string): Promise<Buffer> {
  return Buffer.from(await (await ask(`/v2/a/blobs/${digest}`)).arrayBuffer())
}

t.test('a large upload becomes a segment as it is, however it was cut', async t => {
  for (const cuts of [[], [1], [MiB], [MiB + 1, 2 * MiB, 3 * MB], [0, 3 * MiB]]) {
    const world = await setUp(t)
    const bytes = randomBytes(3 * MiB + 17)
    const place = await begin(world)
    for (const [at, cut] of cuts.entries()) {
      const piece = bytes.subarray(cuts[at - 1] ?? 0, cut)
      t.equal((await world.ask(place, patch(piece))).status, 202)
    }
    const digest = digest256(bytes)
    const rest = new Uint8Array(bytes.subarray(cuts.at(-1) ?? 0))
    const end = await world.ask(`${place}?digest=${digest}`, { method: 'PUT', body: rest })
    t.equal(end.status, 201)
    t.strictSame(filesOf(world.home), { flat: 1, uploads: 0 }, `cut at ${cuts}`)
    t.ok((await blobOf(world, digest)).equals(bytes))
    const range = { headers: { range: `bytes=${MiB - 5}-${MiB + 5}` } }
    const part = await world.ask(`/v2/a/blobs/${digest}`, range)
    t.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(MiB - 5, MiB + 6)))
  }
})

t.test('its CID is that of the same bytes, copied', async t => {
  const bytes = randomBytes(2 * MiB + 1)
  const adopted = await setUp(t)
  const copied = await openRegistryWorld()
  t.teardown(copied.remove)
  const { digest } = await pushBlob(adopted, 'a', bytes)
  await pushBlob(copied, 'a', bytes)
  t.strictSame([filesOf(adopted.home).flat, filesOf(copied.home).flat], [1, 0])
  const cid = adopted.catalog.byDigest(digest)?.cid.toString()
  t.equal(cid, copied.catalog.byDigest(digest)?.cid.toString())
})

t.test(
  'what is small, is here for the most part, or says one thing all over is copied',
  async t => {
    const world = await setUp(t)
    const bytes = randomBytes(4 * MiB)
    await pushBlob(world, 'a', bytes.subarray(0, MiB))
    t.equal(filesOf(world.home).flat, 0, 'small')
    await pushBlob(world, 'a', Buffer.alloc(4 * MiB))
    t.equal(filesOf(world.home).flat, 0, 'zeros')
    const { digest } = await pushBlob(world, 'a', bytes)
    t.equal(filesOf(world.home).flat, 0, 'a quarter is here')
    const other = randomBytes(4 * MiB)
    await pushBlob(world, 'a', other)
    t.equal(filesOf(world.home).flat, 1)
    const before = world.store.statistics().bytes
    await pushBlob(world, 'b', other)
    await pushBlob(world, 'b', bytes)
    t.strictSame([filesOf(world.home).flat, world.store.statistics().bytes], [1, before], 'again')
    t.ok((await blobOf(world, digest)).equals(bytes))
  }
)

t.test('bytes that are not what their digest says become nothing', async t => {
  const world = await setUp(t)
  const place = await begin(world)
  const wrong = { method: 'PUT', body: new Uint8Array(3 * MiB) }
  t.equal((await world.ask(`${place}?digest=${digest256('x')}`, wrong)).status, 400)
  t.strictSame(filesOf(world.home), { flat: 0, uploads: 0 })
})

t.test('digests that were not made while it came are made at the end', async t => {
  const world = await openRegistryWorld({ adoptedBytes })
  const { home } = world
  const bytes = randomBytes(3 * MiB + 5)
  const place = await begin(world)
  await world.ask(place, patch(bytes.subarray(0, MiB + 3)))
  await world.close()
  const again = await setUp(t, home)
  const taken = { ...patch(bytes.subarray(0, 5)), headers: { 'content-range': '1048579-1048580' } }
  t.equal((await again.ask(place, taken)).status, 400, 'a piece that is taken back')
  await again.ask(place, patch(bytes.subarray(MiB + 3)))
  const digest = `sha512:${createHash('sha512').update(bytes).digest('hex')}`
  t.equal((await again.ask(`${place}?digest=${digest}`, { method: 'PUT' })).status, 201)
  t.strictSame(filesOf(home), { flat: 1, uploads: 0 })
  t.ok((await blobOf(again, digest)).equals(bytes))
})

async function kill({ child, ended }: StartedDaemon): Promise<void> {
  child.kill('SIGKILL')
  await ended
}

t.test('kill -9 while it becomes a segment: the blob is there, or its upload is', async t => {
  const world = await makeWorld(t)
  const folder = homePaths(world.home).segments
  const names = () => (existsSync(folder) ? readdirSync(folder) : [])
  const steps = ['.leaves', '.flat', 'answered']
  for (const step of steps) {
    let daemon = await world.start()
    const ask = (path: string, init?: RequestInit) => fetch(daemon.url + path.slice(1), init)
    const bytes = randomBytes(33 * MiB + 1)
    const digest = digest256(bytes)
    const place = await begin({ ask })
    t.equal((await ask(place, patch(bytes))).status, 202)
    const before = new Set(names())
    const socket = connect(Number(new URL(daemon.url).port), '127.0.0.1')
    socket.on('error', () => {})
    let answered = false
    socket.once('data', () => {
      answered = true
    })
    const head = `host: ${new URL(daemon.url).host}\r\ncontent-length: 0\r\n\r\n`
    socket.write(`PUT ${place}?digest=${digest} HTTP/1.1\r\n${head}`)
    await until(async () => {
      if (step === 'answered' || answered) return answered
      return names().some(name => name.endsWith(step) && !before.has(name))
    })
    await kill(daemon)
    socket.destroy()
    daemon = await world.start()
    const there = (await ask(`/v2/a/blobs/${digest}`, { method: 'HEAD' })).status
    if (answered) t.equal(there, 200, 'what was answered is there')
    if (there !== 200) {
      t.equal((await ask(place)).headers.get('range'), `0-${bytes.length - 1}`)
      t.equal((await ask(`${place}?digest=${digest}`, { method: 'PUT' })).status, 201)
    }
    t.ok((await blobOf({ ask }, digest)).equals(bytes), `killed at ${step}`)
    await kill(daemon)
    t.equal((await world.run(['fsck'])).status, 0)
    t.strictSame(filesOf(world.home).flat, steps.indexOf(step) + 1)
    t.strictSame(readdirSync(join(world.home, 'uploads')).length, 0)
  }
})
