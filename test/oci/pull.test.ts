import { createHash, randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { type FakeOrigin, inSteps, openFakeOrigin, otherBytes, status } from '../lib/fake-origin.ts'
import { until } from '../lib/pull-world.ts'
import {
  codeOf,
  digest256,
  indexType,
  manifestOver,
  manifestType,
  openRegistryWorld,
  pushBlob,
  pushManifest,
  type RegistryOptions,
  type RegistryWorld
} from '../lib/registry-world.ts'

interface Setting {
  readonly world: RegistryWorld
  readonly origin: FakeOrigin
}

async function setUp(t: Test, options: Partial<RegistryOptions> = {}): Promise<Setting> {
  const origin = await openFakeOrigin()
  const world = await openRegistryWorld({ upstreams: { up: { url: origin.url } }, ...options })
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  return { world, origin }
}

/** Has the origin serve an image `app:v1`; returns its manifest and layer. */
function serveImage(origin: FakeOrigin, tag = 'v1', layerBytes = randomBytes(100_000)) {
  const layer = { bytes: layerBytes, digest: digest256(layerBytes) }
  const config = { bytes: Buffer.from('{}'), digest: digest256('{}') }
  const bytes = manifestOver(config, [layer])
  const digest = digest256(bytes)
  const headers = { 'docker-content-digest': digest, 'content-type': manifestType }
  origin.items.set(`v2/app/manifests/${tag}`, { body: bytes, headers })
  origin.items.set(`v2/app/manifests/${digest}`, { body: bytes, headers })
  for (const blob of [layer, config]) {
    origin.items.set(`v2/app/blobs/${blob.digest}`, { body: blob.bytes, ranges: true })
  }
  return { manifest: { bytes, digest }, layer }
}

async function bytesOf(answer: Response): Promise<Buffer> {
  return Buffer.from(await answer.arrayBuffer())
}

t.test('an image is pulled through by prefix and by namespace, once', async t => {
  const { world, origin } = await setUp(t)
  const { manifest, layer } = serveImage(origin)
  const host = new URL(origin.url).host
  for (const [path, query] of [
    ['/v2/up/app', ''],
    ['/v2/app', `?ns=${host}`],
    ['/v2/app', '?ns=up']
  ]) {
    const byTag = await world.ask(`${path}/manifests/v1${query}`)
    t.equal(byTag.headers.get('docker-content-digest'), manifest.digest)
    t.equal(byTag.headers.get('content-type'), manifestType)
    t.ok((await bytesOf(byTag)).equals(manifest.bytes))
    const head = await world.ask(`${path}/manifests/v1${query}`, { method: 'HEAD' })
    t.equal(head.headers.get('content-length'), String(manifest.bytes.length))
    const byDigest = await world.ask(`${path}/manifests/${manifest.digest}${query}`)
    t.ok((await bytesOf(byDigest)).equals(manifest.bytes))
    const blob = await world.ask(`${path}/blobs/${layer.digest}${query}`)
    t.ok((await bytesOf(blob)).equals(layer.bytes))
    t.equal(blob.headers.get('docker-content-digest'), layer.digest)
    t.equal(blob.headers.get('oci-namespace'), query === '' ? null : query?.slice('?ns='.length))
  }
  t.equal(origin.requests.length, 3, 'HEAD of the tag, GET of manifest and blob')
  t.match(origin.requests[0]?.headers.accept, indexType, 'all kinds are asked for')
})

t.test('a tag is asked for again after a minute, by HEAD, and moves', async t => {
  const { world, origin } = await setUp(t)
  const old = serveImage(origin)
  const now = async () =>
    (await world.ask('/v2/up/app/manifests/v1')).headers.get('docker-content-digest')
  t.equal(await now(), old.manifest.digest)
  const young = serveImage(origin)
  t.equal(await now(), old.manifest.digest, 'believed for a while')
  world.clock.advance(61_000)
  t.equal(await now(), young.manifest.digest)
  const tagged = origin.requests.filter(each => each.path === 'v2/app/manifests/v1')
  t.strictSame(
    tagged.map(each => each.method),
    ['HEAD', 'HEAD']
  )
})

t.test('clients that ask for a tag together are one question', async t => {
  const { world, origin } = await setUp(t)
  serveImage(origin)
  const asked = Array.from({ length: 20 }, () => world.ask('/v2/up/app/manifests/v1'))
  t.ok((await Promise.all(asked)).every(answer => answer.status === 200))
  t.equal(origin.count('v2/app/manifests/v1'), 1)
})

t.test('an upstream that names no digest, or takes no HEAD, is read', async t => {
  const { world, origin } = await setUp(t)
  const { manifest } = serveImage(origin)
  const item = { body: manifest.bytes }
  origin.items.set('v2/app/manifests/v1', item)
  origin.items.set('v2/app/manifests/v2', { ...item, faults: [status(405)] })
  for (const tag of ['v1', 'v2']) {
    const answer = await world.ask(`/v2/up/app/manifests/${tag}`)
    t.equal(answer.headers.get('docker-content-digest'), manifest.digest, tag)
  }
})

t.test('a tag that went upstream is gone; one whose upstream fails is served stale', async t => {
  const { world, origin } = await setUp(t)
  const { manifest } = serveImage(origin)
  const ask = () => world.ask('/v2/up/app/manifests/v1')
  await ask()
  for (const code of [500, 429, 401, 403]) {
    world.clock.advance(61_000)
    const item = origin.items.get('v2/app/manifests/v1')
    if (item !== undefined) {
      origin.items.set('v2/app/manifests/v1', { ...item, faults: [status(code)] })
    }
    const answer = await ask()
    t.equal(answer.headers.get('docker-content-digest'), manifest.digest, String(code))
    t.equal(answer.headers.get('x-cairn'), 'stale')
  }
  world.clock.advance(61_000)
  const item = origin.items.get('v2/app/manifests/v1')
  origin.items.delete('v2/app/manifests/v1')
  t.equal(await codeOf(await ask()), '404 MANIFEST_UNKNOWN')
  if (item !== undefined) origin.items.set('v2/app/manifests/v1', item)
  t.equal((await ask()).status, 404, 'for a moment')
  world.clock.advance(31_000)
  t.equal((await ask()).status, 200)
})

t.test('a tag moves only once what it leads to is here and is a manifest', async t => {
  const { world, origin } = await setUp(t)
  const { manifest } = serveImage(origin)
  const ask = () => world.ask('/v2/up/app/manifests/v1')
  await ask()
  const young = serveImage(origin).manifest
  const path = `v2/app/manifests/${young.digest}`
  const item = origin.items.get(path) ?? { body: young.bytes }
  const page = Buffer.from('<html>sign in to this network</html>')
  const table: Array<[string, () => void]> = [
    ['other bytes', () => origin.items.set(path, { ...item, faults: [otherBytes(page)] })],
    ['none', () => void origin.items.delete(path)],
    [
      'a page to sign in at',
      () => {
        origin.items.set('v2/app/manifests/v1', { body: page })
        origin.items.set(`v2/app/manifests/${digest256(page)}`, { body: page })
      }
    ]
  ]
  for (const [name, arrange] of table) {
    arrange()
    world.clock.advance(61_000)
    const answer = await ask()
    t.equal(answer.headers.get('docker-content-digest'), manifest.digest, name)
    t.equal(answer.headers.get('x-cairn'), 'stale', name)
  }
  serveImage(origin)
  world.clock.advance(61_000)
  t.equal((await ask()).headers.get('x-cairn'), 'hit', 'then it moves')
})

t.test('with the upstream gone all that was pulled is there', async t => {
  const { world, origin } = await setUp(t)
  const { manifest, layer } = serveImage(origin)
  await world.ask('/v2/up/app/manifests/v1')
  await bytesOf(await world.ask(`/v2/up/app/blobs/${layer.digest}`))
  await origin.down()
  world.clock.advance(3_600_000)
  const answer = await world.ask('/v2/up/app/manifests/v1')
  t.equal(answer.headers.get('x-cairn'), 'stale')
  t.ok((await bytesOf(answer)).equals(manifest.bytes))
  t.ok((await bytesOf(await world.ask(`/v2/up/app/blobs/${layer.digest}`))).equals(layer.bytes))
  t.match(await (await world.ask('/v2/up/app/tags/list')).json(), { name: 'up/app', tags: ['v1'] })
  t.equal((await world.ask('/v2/up/app/manifests/v2')).status, 502)
  t.equal((await world.ask(`/v2/up/app/blobs/${digest256('?')}`)).status, 502)
})

t.test('an upstream that is configured to be offline is not asked', async t => {
  const origin = await openFakeOrigin()
  t.teardown(origin.close)
  const { world } = await setUp(t, { upstreams: { up: { url: origin.url, offline: true } } })
  serveImage(origin)
  t.equal((await world.ask('/v2/up/app/manifests/v1')).status, 502)
  t.equal(origin.requests.length, 0)
})

t.test('other bytes than the digest says never reach a client whole', async t => {
  const { world, origin } = await setUp(t)
  const { layer, manifest } = serveImage(origin)
  const path = `v2/app/blobs/${layer.digest}`
  const wrong = Buffer.from(layer.bytes)
  wrong[50_000] = (wrong[50_000] ?? 0) ^ 1
  for (const body of [wrong, wrong.subarray(1)]) {
    origin.items.set(path, { body: layer.bytes, faults: [otherBytes(body)] })
    const whole = world.ask(`/v2/up/app/blobs/${layer.digest}`).then(bytesOf)
    await t.rejects(whole, 'the connection breaks')
  }
  t.equal((await bytesOf(await world.ask(`/v2/up/app/blobs/${layer.digest}`))).length, 100_000)
  origin.items.set(`v2/app/manifests/${manifest.digest}`, {
    body: manifest.bytes,
    faults: [otherBytes(Buffer.from('{}'))]
  })
  t.equal((await world.ask('/v2/up/app/manifests/v1')).status, 502)
  t.equal((await world.ask('/v2/up/app/manifests/v1')).status, 200)
})

t.test('a blob that was cut is resumed', async t => {
  const { world, origin } = await setUp(t)
  const { layer } = serveImage(origin)
  const path = `v2/app/blobs/${layer.digest}`
  const item = { body: layer.bytes, ranges: true }
  const steps = inSteps(item, 60_000)
  origin.items.set(path, { ...item, faults: [steps.fault] })
  const whole = world.ask(`/v2/up/app/blobs/${layer.digest}`).then(bytesOf)
  steps.next()
  await until(() => world.pull.statistics().bytesFetched === 60_000)
  steps.cut()
  t.ok((await whole).equals(layer.bytes))
  t.equal(origin.requests.at(-1)?.headers.range, 'bytes=60000-')
})

t.test('a blob that is held from anywhere is not fetched', async t => {
  const { world, origin } = await setUp(t)
  const { layer } = serveImage(origin)
  await pushBlob(world, 'own', layer.bytes)
  t.ok((await bytesOf(await world.ask(`/v2/up/app/blobs/${layer.digest}`))).equals(layer.bytes))
  t.equal(origin.requests.length, 0)
  const mount = `/v2/copy/blobs/uploads/?mount=${layer.digest}&from=up/app`
  t.equal((await world.ask(mount, { method: 'POST' })).status, 201, 'and is mounted from there')
})

t.test('a HEAD of a blob that is not held fetches nothing', async t => {
  const { world, origin } = await setUp(t)
  const { layer } = serveImage(origin)
  const head = await world.ask(`/v2/up/app/blobs/${layer.digest}`, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), '100000')
  t.strictSame(
    origin.requests.map(each => each.method),
    ['HEAD']
  )
  const none = await world.ask(`/v2/up/app/blobs/${digest256('none')}`, { method: 'HEAD' })
  t.equal(none.status, 404)
})

t.test('what was pushed here is never looked up upstream', async t => {
  const { world, origin } = await setUp(t, {})
  serveImage(origin)
  const config = await pushBlob(world, 'app', '{}')
  const own = manifestOver(config, [])
  await pushManifest(world, 'app/manifests/v1', own)
  t.equal((await bytesOf(await world.ask('/v2/app/manifests/v1'))).equals(own), true)
  for (const path of ['manifests/v2', `blobs/${digest256('x')}`, 'tags/list']) {
    await world.ask(`/v2/app/${path}`)
  }
  t.equal(origin.requests.length, 0)
  const push = await world.ask('/v2/up/app/blobs/uploads/', { method: 'POST' })
  t.equal(await codeOf(push), '405 UNSUPPORTED', 'nor is an upstream pushed to')
})

t.test('un-prefixed names may be an upstream’s, but those pushed here stay here', async t => {
  const origin = await openFakeOrigin()
  t.teardown(origin.close)
  const upstreams = { up: { url: origin.url } }
  const { world } = await setUp(t, { upstreams, otherwise: 'up' })
  const { manifest } = serveImage(origin)
  const first = await world.ask('/v2/app/manifests/v1')
  t.equal(first.headers.get('docker-content-digest'), manifest.digest)
  const config = await pushBlob(world, 'app', '{}')
  const own = manifestOver(config, [])
  await pushManifest(world, 'app/manifests/v1', own)
  const asked = origin.requests.length
  const second = await world.ask('/v2/app/manifests/v1')
  t.equal(second.headers.get('docker-content-digest'), digest256(own))
  t.equal((await world.ask('/v2/app/manifests/v2')).status, 404)
  t.equal(origin.requests.length, asked)
})

t.test('blobs and manifests under sha512 are verified by it', async t => {
  const { world, origin } = await setUp(t)
  const body = randomBytes(1000)
  const digest = `sha512:${createHash('sha512').update(body).digest('hex')}`
  origin.items.set(`v2/app/blobs/${digest}`, { body, faults: [otherBytes(Buffer.alloc(1000))] })
  await t.rejects(world.ask(`/v2/up/app/blobs/${digest}`).then(bytesOf))
  t.ok((await bytesOf(await world.ask(`/v2/up/app/blobs/${digest}`))).equals(body))
})
