import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type FakeOrigin, openFakeOrigin } from '../lib/fake-origin.ts'
import { read, setUpNpm, shortType } from '../lib/npm-package.ts'
import { mainAt } from '../lib/npm-world.ts'

async function openOrigin(t: Test): Promise<FakeOrigin> {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  return origin
}

const day = (number: number): string => new Date(Date.UTC(2026, 0, number)).toISOString()

/** Versions with the day of January 2026 each was published on. */
function history(
  origin: FakeOrigin,
  versions: Readonly<Record<string, number | undefined>>,
  latest: string
): void {
  const numbers = Object.keys(versions)
  const manifests = numbers.map(version => [
    version,
    { name: 'x', version, dist: { shasum: 'a'.repeat(40) } }
  ])
  const dates = numbers.flatMap(version =>
    versions[version] === undefined ? [] : [[version, day(versions[version]!)]]
  )
  const document = {
    name: 'x',
    'dist-tags': { latest, next: '3.0.0-rc.1' },
    versions: Object.fromEntries(manifests),
    time: { created: day(1), modified: day(30), ...Object.fromEntries(dates) }
  }
  origin.items.set('x', { body: Buffer.from(JSON.stringify(document)) })
}

const versions = {
  '1.0.0': 1,
  '1.1.0': 5,
  '2.0.0': 10,
  '3.0.0-rc.1': 12,
  '2.1.0': 20,
  '1.2.0': 25,
  '9.0.0': undefined
}

t.test('the registry as of a time', async t => {
  const main = await openOrigin(t)
  history(main, versions, '2.1.0')
  const world = await setUpNpm(t, { upstreams: mainAt(main.url) })
  const at = async (time: string): Promise<unknown> => {
    const { 'dist-tags': tags, versions, time: dates } = await read(world, `@${time}/x`, shortType)
    t.notOk(Object.keys(dates as object).some(key => key === '9.0.0'))
    return { tags, versions: Object.keys(versions as object) }
  }
  const table: ReadonlyArray<readonly [number, object, string[]]> = [
    [2, { latest: '1.0.0' }, ['1.0.0']],
    [11, { latest: '2.0.0' }, ['1.0.0', '1.1.0', '2.0.0']],
    [15, { latest: '2.0.0', next: '3.0.0-rc.1' }, ['1.0.0', '1.1.0', '2.0.0', '3.0.0-rc.1']],
    [
      28,
      { latest: '2.1.0', next: '3.0.0-rc.1' },
      ['1.0.0', '1.1.0', '2.0.0', '3.0.0-rc.1', '2.1.0', '1.2.0']
    ]
  ]
  for (const [number, tags, versions] of table)
    t.strictSame(await at(day(number)), { tags, versions }, `day ${number}`)
  t.strictSame(await at('2025-01-01T00:00Z'), { tags: {}, versions: [] })
  t.match(await read(world, `@${day(11)}/x/latest`), {
    version: '2.0.0',
    dist: { tarball: `${world.url}/npm/@${day(11)}/x/-/x-2.0.0.tgz` }
  })
  t.equal((await world.ask(`@${day(11)}/x/2.1.0`)).status, 404)
  t.equal(main.count('x'), 1, 'all of one packument')
})

t.test('versions younger than the minimum age are left out, until they are old enough', async t => {
  const main = await openOrigin(t)
  history(main, versions, '2.1.0')
  const minimumAgeMs = 3 * 86_400_000
  const world = await setUpNpm(t, { upstreams: mainAt(main.url), minimumAgeMs })
  const set = (ms: number): void => world.clock.advance(ms - world.clock.nowMs())
  const latest = async (): Promise<unknown> => (await read(world, 'x', shortType))['dist-tags']
  set(Date.UTC(2026, 0, 22, 1))
  t.strictSame(await latest(), { latest: '2.0.0', next: '3.0.0-rc.1' })
  set(Date.UTC(2026, 0, 22, 23, 59))
  t.strictSame(await latest(), { latest: '2.0.0', next: '3.0.0-rc.1' })
  set(Date.UTC(2026, 0, 23, 1))
  t.strictSame(await latest(), { latest: '2.1.0', next: '3.0.0-rc.1' })
  const exempt = await setUpNpm(t, { upstreams: mainAt(main.url), minimumAgeMs, anyAge: ['x'] })
  exempt.clock.advance(Date.UTC(2026, 0, 2) - exempt.clock.nowMs())
  t.match(await read(exempt, 'x', shortType), { 'dist-tags': { latest: '2.1.0' } })
})

t.test('a packument that is long is read beside the main thread, once for each form', async t => {
  const main = await openOrigin(t)
  const manifests = Array.from({ length: 3000 }, (_, at) => {
    const version = `1.0.${at}`
    return [
      version,
      { name: 'x', version, readme: 'r'.repeat(1000), dist: { shasum: 'a'.repeat(40) } }
    ]
  })
  const document = {
    name: 'x',
    'dist-tags': { latest: '1.0.7' },
    versions: Object.fromEntries(manifests)
  }
  main.items.set('x', { body: Buffer.from(JSON.stringify(document)), etag: '"1"' })
  const world = await setUpNpm(t, { upstreams: mainAt(main.url) })
  const [full, short] = await Promise.all([read(world, 'x'), read(world, 'x', shortType)])
  t.equal(Object.keys(full.versions as object).length, 3000)
  t.notOk(JSON.stringify(short).includes('rrr'))
  t.match(await read(world, 'x/latest'), { version: '1.0.7' })
  const held = world.catalog.get('npm/.packuments/x/full.json.gz')!
  const pieces: Buffer[] = []
  for await (const piece of (
    await world.pull.fetch({
      key: held.key,
      url: 'http://x/',
      freshness: { kind: 'immutable' },
      mediaType: ''
    })
  ).body())
    pieces.push(Buffer.from(piece))
  t.match(JSON.parse(gunzipSync(Buffer.concat(pieces)).toString()), { name: 'x' })
  t.equal(main.count('x'), 1)
})
