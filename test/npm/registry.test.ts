import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { pack } from 'tar-stream'
import { makeNpmAdapter } from '../../adapters/npm/adapter.ts'
import { openDocuments } from '../../adapters/npm/documents.ts'
import { unpackTgz } from '../../adapters/npm/unpack-tgz.ts'
import { openUnpacking } from '../../src/pull/unpack.ts'
import { type FakeOrigin, openFakeOrigin, otherBytes, status } from '../lib/fake-origin.ts'
import { mainAt, type NpmWorld, openNpmWorld } from '../lib/npm-world.ts'

const shortType = 'application/vnd.npm.install-v1+json'

async function setUp(t: Test): Promise<{ world: NpmWorld; origin: FakeOrigin }> {
  const origin = await openFakeOrigin()
  const world = await openNpmWorld({ upstreams: mainAt(origin.url) })
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  return { world, origin }
}

function publish(origin: FakeOrigin, tarball: Buffer, etag?: string): void {
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  const dist = { tarball: 'http://elsewhere.test/foo/-/foo-1.0.0.tgz', integrity }
  const manifest = { name: 'foo', version: '1.0.0', dist }
  const body = Buffer.from(
    JSON.stringify({ name: 'foo', versions: { '1.0.0': manifest }, readme: 'x' })
  )
  origin.items.set('foo', { body, ...(etag === undefined ? {} : { etag }) })
  origin.items.set('foo/-/foo-1.0.0.tgz', { body: tarball })
}

t.test('packuments: both forms, 304, revalidated after five minutes', async t => {
  const { world, origin } = await setUp(t)
  publish(origin, Buffer.from('tarball'), '"v1"')
  const ask = (headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${world.url}/npm/foo`, { headers })
  const full = await ask()
  t.equal(full.headers.get('content-type'), 'application/json')
  t.match(full.headers.get('vary'), 'Accept')
  t.equal(full.headers.get('content-encoding'), 'gzip')
  t.match(await full.json(), {
    versions: { '1.0.0': { dist: { tarball: `${world.url}/npm/foo/-/foo-1.0.0.tgz` } } }
  })
  const short = await ask({ accept: `${shortType}; q=1.0, application/json; q=0.8` })
  t.equal(short.headers.get('content-type'), shortType)
  t.not(short.headers.get('etag'), full.headers.get('etag'))
  const etag = full.headers.get('etag') ?? ''
  t.equal((await ask({ 'if-none-match': etag })).status, 304)
  t.equal(origin.count('foo'), 1)
  world.clock.advance(5 * 60_000)
  t.equal((await ask({ 'if-none-match': etag })).status, 304)
  t.same(
    origin.requests.map(request => request.status),
    [200, 304]
  )
  publish(origin, Buffer.from('other'), '"v2"')
  world.clock.advance(5 * 60_000)
  t.equal((await ask({ 'if-none-match': etag })).status, 200)
})

t.test('a client without gzip is sent plain JSON', async t => {
  const { world, origin } = await setUp(t)
  publish(origin, Buffer.from('tarball'))
  const plain = await fetch(`${world.url}/npm/foo`, { headers: { 'accept-encoding': 'identity' } })
  t.equal(plain.headers.get('content-encoding'), null)
  t.match(await plain.json(), { name: 'foo' })
})

t.test(
  'a tarball is fetched from the upstream, never from the address in the document',
  async t => {
    const { world, origin } = await setUp(t)
    const tarball = Buffer.from('exactly these bytes')
    publish(origin, tarball)
    const answer = await fetch(`${world.url}/npm/foo/-/foo-1.0.0.tgz`)
    t.same(Buffer.from(await answer.arrayBuffer()), tarball)
    t.equal(origin.count('foo'), 1, 'its packument came first')
    t.equal(origin.count('foo/-/foo-1.0.0.tgz'), 1)
    t.equal((await fetch(`${world.url}/npm/foo/-/foo-9.0.0.tgz`)).status, 404)
    t.equal(origin.count('foo/-/foo-9.0.0.tgz'), 0, 'no document names it')
  }
)

t.test('wrong bytes of a tarball never arrive whole, and are not kept', async t => {
  const { world, origin } = await setUp(t)
  publish(origin, Buffer.from('right'))
  const item = { body: Buffer.from('right'), faults: [otherBytes(Buffer.from('wrong'))] }
  origin.items.set('foo/-/foo-1.0.0.tgz', item)
  const url = `${world.url}/npm/foo/-/foo-1.0.0.tgz`
  await t.rejects(fetch(url).then(answer => answer.text()))
  t.equal(world.catalog.get('npm/foo/1.0.0.tgz'), undefined)
  t.equal(await (await fetch(url)).text(), 'right')
})

t.test('a packument that fails or is nonsense is served stale', async t => {
  const { world, origin } = await setUp(t)
  publish(origin, Buffer.from('tarball'))
  const right = await (await fetch(`${world.url}/npm/foo`)).text()
  const body = Buffer.from('<html>Log in</html>')
  for (const fault of [status(500), status(401), otherBytes(body)]) {
    origin.items.set('foo', { body, faults: [fault] })
    world.clock.advance(3_600_000)
    const answer = await fetch(`${world.url}/npm/foo`)
    t.equal(answer.headers.get('x-cairn'), 'stale')
    t.equal(await answer.text(), right)
  }
  await origin.down()
  world.clock.advance(3_600_000)
  t.equal(await (await fetch(`${world.url}/npm/foo`)).text(), right)
  t.equal((await fetch(`${world.url}/npm/bar`)).status, 502)
})

t.test('a small tarball that unpacks to gigabytes of nothing is given up', async t => {
  async function* tarball(): AsyncGenerator<Uint8Array> {
    yield gzipSync(Buffer.alloc(1_024_000))
  }
  const unpack = async (mostBytes: number): Promise<void> => {
    for await (const _ of unpackTgz(tarball(), mostBytes));
  }
  await unpack(1_024_000)
  await t.rejects(unpack(1_023_999), { code: 'file-too-large' })
})

t.test('a tarball is unpacked without its first folder, its links left out', async t => {
  const { world, origin } = await setUp(t)
  const archive = pack()
  archive.entry({ name: 'package/package.json' }, '{}')
  archive.entry({ name: 'package/bin/x.js', mode: 0o755 }, 'run')
  archive.entry({ name: 'package/out', type: 'symlink', linkname: '/etc/passwd' })
  archive.finalize()
  const pieces: Buffer[] = []
  for await (const piece of archive) pieces.push(piece as Buffer)
  const whole = gzipSync(Buffer.concat(pieces))
  for (const [tarball, code] of [
    [whole, undefined],
    [whole.subarray(0, -20), 'corrupt'],
    [Buffer.from('not gzip'), 'corrupt']
  ] as const) {
    publish(origin, tarball)
    world.clock.advance(3_600_000)
    await (await fetch(`${world.url}/npm/foo`)).text()
    await (await fetch(`${world.url}/npm/foo/-/foo-1.0.0.tgz`)).arrayBuffer()
    await world.pull.learnt()
    const { catalog, log, reader, store, writer } = world
    const unpacking = openUnpacking({
      catalog,
      log,
      adapters: [makeNpmAdapter(openDocuments())],
      reader,
      blocks: store,
      writer
    })
    const work = unpacking.unpack('npm/foo/1.0.0.tgz')
    if (code !== undefined) await t.rejects(work, { code })
    else t.ok((await work).toString())
  }
})
