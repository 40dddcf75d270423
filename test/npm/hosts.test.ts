import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'
import t, { type Test } from 'tap'
import { type FakeOrigin, openFakeOrigin } from '../lib/fake-origin.ts'
import { mainAt, type NpmWorld, openNpmWorld } from '../lib/npm-world.ts'

interface Counted {
  readonly world: NpmWorld
  readonly origin: FakeOrigin
  /** How often packuments were written since it was asked last. */
  readonly writes: () => number
}

async function setUp(t: Test, minimumAgeMs?: number): Promise<Counted> {
  const origin = await openFakeOrigin()
  publish(origin, '1.0.0')
  const minimum = minimumAgeMs === undefined ? {} : { minimumAgeMs }
  const world = await openNpmWorld({ upstreams: mainAt(origin.url), ...minimum })
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  const { documents } = world
  const write = documents.write.bind(documents)
  let writes = 0
  documents.write = async (...all) => {
    writes++
    return await write(...all)
  }
  const counted = (): number => {
    const before = writes
    writes = 0
    return before
  }
  return { world, origin, writes: counted }
}

function publish(origin: FakeOrigin, version: string): void {
  const manifest = { name: 'x', version, dist: { shasum: 'a'.repeat(40) } }
  const time = { [version]: '2000-01-01T00:00:00Z' }
  const document = { name: 'x', versions: { [version]: manifest }, time }
  origin.items.set('x', { body: Buffer.from(JSON.stringify(document)), etag: `"${version}"` })
}

/** The tarball's address, as a client is told who knows Cairn by this name. */
async function addressFor({ url }: NpmWorld, host: string, version = '1.0.0'): Promise<string> {
  const headers = { host, 'accept-encoding': 'gzip' }
  const [answer] = (await once(get(`${url}/npm/x`, { headers }), 'response')) as [IncomingMessage]
  if (answer.statusCode !== 200) throw new Error(`${host}: ${await text(answer)}`)
  const packument = JSON.parse(await text(answer.pipe(createGunzip())))
  return packument.versions[version].dist.tarball
}

const names = ['localhost:1', '127.0.0.1:1', '[::1]:1', 'localhost:2']

async function askAll(t: Test, world: NpmWorld, version?: string): Promise<void> {
  for (const host of names)
    t.match(await addressFor(world, host, version), `http://${host}/npm/x/-/x-`)
}

t.test('clients who know Cairn by different names take turns: written once for each', async t => {
  const { world, writes } = await setUp(t)
  for (let round = 0; round < 3; round++) await askAll(t, world)
  t.equal(writes(), names.length)
})

t.test('what is held of a packument is bounded, whatever names are made up', async t => {
  const { world } = await setUp(t)
  for (let number = 0; number < 20; number++) {
    const host = `localhost:${100 + number}`
    t.match(await addressFor(world, host), `http://${host}/npm/x/-/x-`)
    world.clock.advance(1)
  }
  const forms = [...world.catalog.items('npm/.packuments/x/full')]
  t.equal(forms.length, 4)
  for (const { etag } of forms) t.match(etag, /localhost:11[6-9]/)
})

t.test('forms of an old packument go with it', async t => {
  const { world, origin, writes } = await setUp(t)
  await askAll(t, world)
  publish(origin, '2.0.0')
  world.clock.advance(300_000)
  t.match(await addressFor(world, names[2]!, '2.0.0'), 'x-2.0.0.tgz')
  t.equal([...world.catalog.items('npm/.packuments/x/full')].length, 1)
  writes()
  await askAll(t, world, '2.0.0')
  t.equal(writes(), names.length - 1)
})

t.test('with a minimum age one form is held for each name, not for each hour', async t => {
  const { world } = await setUp(t, 3_600_000)
  for (let hour = 0; hour < 3; hour++) {
    for (const host of names.slice(0, 2)) await addressFor(world, host)
    world.clock.advance(3_600_000)
  }
  t.equal([...world.catalog.items('npm/.packuments/x/full')].length, 2)
})

t.test('each is served its own when the upstream is gone', async t => {
  const { world, origin, writes } = await setUp(t)
  await askAll(t, world)
  await origin.down()
  world.clock.advance(3_600_000)
  writes()
  await askAll(t, world)
  t.equal(writes(), 0)
})
