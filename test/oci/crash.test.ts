import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld, type StartedDaemon, until, type World } from '../cli/run-cairn.ts'
import { inSteps, openFakeOrigin } from '../lib/fake-origin.ts'
import {
  digest256,
  manifestOver,
  manifestType,
  pushBlob,
  pushManifest
} from '../lib/registry-world.ts'

const MB = 1_000_000

async function kill({ child, ended }: StartedDaemon): Promise<void> {
  child.kill('SIGKILL')
  await ended
}

/** Requests to a daemon as it is now. */
function askerOf(daemon: StartedDaemon) {
  return { ask: (path: string, init?: RequestInit) => fetch(daemon.url + path.slice(1), init) }
}

async function setUp(t: Test, config = ''): Promise<World> {
  const world = await makeWorld(t)
  mkdirSync(world.home, { recursive: true })
  writeFileSync(join(world.home, 'config.yaml'), config)
  return world
}

t.test('an upload goes on after kill -9 in the middle of a chunk', async t => {
  const world = await setUp(t)
  const first = await world.start()
  const bytes = randomBytes(8 * MB)
  const begun = await askerOf(first).ask('/v2/a/blobs/uploads/', { method: 'POST' })
  const place = begun.headers.get('location') ?? ''
  const { port, host } = new URL(first.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  const head = `host: ${host}\r\ncontent-length: ${bytes.length}\r\n\r\n`
  socket.write(`PATCH ${place} HTTP/1.1\r\n${head}`)
  socket.write(bytes.subarray(0, 5 * MB))
  const arrived = async (daemon: StartedDaemon) => {
    const { status, headers } = await askerOf(daemon).ask(place)
    t.equal(status, 204)
    return Number(headers.get('range')?.slice(2)) + 1
  }
  await until(async () => (await arrived(first)) > 2 * MB)
  await kill(first)

  const second = await world.start()
  const { ask } = askerOf(second)
  const kept = await arrived(second)
  t.ok(kept > 2 * MB && kept <= 5 * MB, `${kept} bytes are kept`)
  const digest = digest256(bytes)
  const put = await ask(`${place}?digest=${digest}`, {
    method: 'PUT',
    headers: { 'content-range': `${kept}-${bytes.length - 1}` },
    body: new Uint8Array(bytes.subarray(kept))
  })
  t.equal(put.status, 201)
  const back = Buffer.from(await (await ask(`/v2/a/blobs/${digest}`)).arrayBuffer())
  t.ok(back.equals(bytes))
})

t.test('a push that kill -9 ended anywhere left nothing half, and goes through again', async t => {
  const world = await setUp(t)
  let daemon = await world.start()
  const ask = (path: string, init?: RequestInit) => askerOf(daemon).ask(path, init)
  const config = await pushBlob({ ask }, 'a', '{}')
  const bytes = randomBytes(4 * MB)
  const layer = { bytes, digest: digest256(bytes) }
  const manifest = manifestOver(config, [layer])
  const begin = async () => {
    const begun = await ask('/v2/a/blobs/uploads/', { method: 'POST' })
    return begun.headers.get('location') ?? ''
  }
  const steps: ReadonlyArray<readonly [string, () => Promise<string>, Buffer]> = [
    [
      'a blob in one request',
      async () => `POST /v2/a/blobs/uploads/?digest=${layer.digest}`,
      bytes
    ],
    ['the end of an upload', async () => `PUT ${await begin()}?digest=${layer.digest}`, bytes],
    ['a manifest', async () => 'PUT /v2/a/manifests/v1', manifest]
  ]
  for (const [what, line, body] of steps) {
    const { port, host } = new URL(daemon.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => {})
    const head = `host: ${host}\r\ncontent-type: ${manifestType}\r\ncontent-length: ${body.length}`
    socket.write(`${await line()} HTTP/1.1\r\n${head}\r\n\r\n`)
    await new Promise(sent => socket.write(body.subarray(0, -1), sent))
    await kill(daemon)
    socket.destroy()
    daemon = await world.start()
    t.equal((await ask('/v2/a/manifests/v1')).status, 404, `${what}: no tag`)
    t.equal((await ask(`/v2/a/manifests/${digest256(manifest)}`)).status, 404)
    const there = (await ask(`/v2/a/blobs/${layer.digest}`, { method: 'HEAD' })).status
    t.equal(there, what === 'a manifest' ? 200 : 404, `${what}: no blob that was not answered`)
    if (what === 'the end of an upload') await pushBlob({ ask }, 'a', bytes)
  }
  t.equal((await pushManifest({ ask }, 'a/manifests/v1', manifest)).status, 201)
  const back = Buffer.from(await (await ask(`/v2/a/blobs/${layer.digest}`)).arrayBuffer())
  t.ok(back.equals(bytes))
  t.equal((await world.run(['fsck'])).status, 0)
})

t.test('what was answered 201 is there after kill -9', async t => {
  const world = await setUp(t)
  const first = await world.start()
  const before = askerOf(first)
  const config = await pushBlob(before, 'a', '{}')
  const layer = await pushBlob(before, 'a', randomBytes(3 * MB))
  const manifest = manifestOver(config, [layer])
  t.equal((await pushManifest(before, 'a/manifests/v1', manifest)).status, 201)
  await kill(first)
  const { ask } = askerOf(await world.start())
  const got = await ask('/v2/a/manifests/v1')
  t.equal(got.headers.get('content-type'), manifestType)
  t.ok(Buffer.from(await got.arrayBuffer()).equals(manifest))
  for (const { digest, bytes } of [config, layer]) {
    const back = Buffer.from(await (await ask(`/v2/a/blobs/${digest}`)).arrayBuffer())
    t.ok(back.equals(bytes))
  }
})

t.test('a blob that was on its way at kill -9 is fetched again, and right', async t => {
  const origin = await openFakeOrigin()
  t.teardown(origin.close)
  const world = await setUp(t, `oci:\n  upstreams:\n    up: ${origin.url}\n`)
  const body = randomBytes(6 * MB)
  const digest = digest256(body)
  const steps = inSteps({ body }, 3 * MB)
  origin.items.set(`v2/app/blobs/${digest}`, { body, faults: [steps.fault] })
  const first = await world.start()
  const path = `/v2/up/app/blobs/${digest}`
  steps.next()
  const reader = (await askerOf(first).ask(path)).body?.getReader()
  t.ok((await reader?.read())?.value?.length)
  await kill(first)
  const { ask } = askerOf(await world.start())
  t.ok(Buffer.from(await (await ask(path)).arrayBuffer()).equals(body))
  t.equal(origin.requests.length, 2)
})
