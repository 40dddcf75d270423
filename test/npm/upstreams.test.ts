import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { type FakeOrigin, inSteps, openFakeOrigin, status } from '../lib/fake-origin.ts'
import { integrityOf, read, sending, setUpNpm, shortType } from '../lib/npm-package.ts'
import { mainAt } from '../lib/npm-world.ts'
import { until } from '../lib/pull-world.ts'

async function origins(t: Test, count: number): Promise<FakeOrigin[]> {
  const all = await Promise.all(Array.from({ length: count }, () => openFakeOrigin()))
  t.teardown(() => Promise.all(all.map(origin => origin.close())).then(() => {}))
  return all
}

/** A package of one version, at an upstream. */
function offer(origin: FakeOrigin, name: string, text: string, time: object = {}): void {
  const tarball = Buffer.from(text)
  const file = `${name.slice(name.indexOf('/') + 1)}-1.0.0.tgz`
  const dist = { tarball: `${origin.url}${name}/-/${file}`, integrity: integrityOf(tarball) }
  const document = {
    name,
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { name, version: '1.0.0', dist } },
    time
  }
  origin.items.set(name.replace('/', '%2f'), { body: Buffer.from(JSON.stringify(document)) })
  origin.items.set(`${name}/-/${file}`, { body: tarball })
}

t.test('each name at its own upstream, and each upstream with its own credentials', async t => {
  const [main, company] = (await origins(t, 2)) as [FakeOrigin, FakeOrigin]
  const world = await setUpNpm(t, {
    upstreams: {
      ...mainAt(main.url),
      company: { url: company.url, names: ['@company'], authorization: 'Bearer secret' }
    }
  })
  for (const origin of [main, company]) {
    offer(origin, '@company/x', `of ${origin.url}`)
    offer(origin, 'left', `of ${origin.url}`)
  }
  const text = async (path: string): Promise<string> =>
    await (await world.ask(path, { headers: { authorization: 'Bearer mine' } })).text()
  t.equal(await text('@company/x/-/x-1.0.0.tgz'), `of ${company.url}`)
  t.equal(await text('left/-/left-1.0.0.tgz'), `of ${main.url}`)
  t.equal(await text('+company/left/-/left-1.0.0.tgz'), `of ${company.url}`)
  t.match(await read(world, '+company/left'), {
    versions: { '1.0.0': { dist: { tarball: `${world.url}/npm/+company/left/-/left-1.0.0.tgz` } } }
  })
  t.notOk(
    main.requests.some(({ path }) => path.includes('company')),
    'a private name is told to nobody else'
  )
  t.ok(company.requests.every(({ headers }) => headers.authorization === 'Bearer secret'))
  t.ok(main.requests.every(({ headers }) => headers.authorization === undefined))
  t.equal((await world.ask('+nobody/left')).status, 404)
})

t.test('a redirect to another place takes no credentials there', async t => {
  const [company, elsewhere] = (await origins(t, 2)) as [FakeOrigin, FakeOrigin]
  const world = await setUpNpm(t, {
    upstreams: {
      company: {
        url: company.url,
        names: ['x'],
        authorization: 'Bearer secret',
        redirects: ['127.0.0.1']
      }
    }
  })
  offer(elsewhere, 'x', 'x')
  company.items.set('x', {
    body: Buffer.alloc(0),
    faults: [
      (_request, response) => void response.writeHead(302, { location: `${elsewhere.url}x` }).end()
    ]
  })
  t.match(await read(world, 'x'), { name: 'x' })
  t.equal(company.requests[0]?.headers.authorization, 'Bearer secret')
  t.equal(elsewhere.requests[0]?.headers.authorization, undefined)
})

t.test('an upstream that is configured to be offline is not asked', async t => {
  const [main] = (await origins(t, 1)) as [FakeOrigin]
  offer(main, 'x', 'x')
  const world = await setUpNpm(t, { upstreams: { npm: { url: main.url, offline: true } } })
  t.equal((await world.ask('x')).status, 502)
  t.same(main.requests, [])
})

t.test('audits name only what the upstream has', async t => {
  const [main] = (await origins(t, 1)) as [FakeOrigin]
  const bodies: unknown[] = []
  const keep = (
    request: import('node:http').IncomingMessage,
    response: import('node:http').ServerResponse
  ): void => {
    const pieces: Buffer[] = []
    request.on('data', piece => pieces.push(piece))
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(pieces).toString()))
      response.writeHead(200).end('{"x":[{"id":1}]}')
    })
  }
  const body = Buffer.alloc(0)
  main.items.set('-/npm/v1/security/advisories/bulk', { body, faults: [keep] })
  main.items.set('-/npm/v1/security/audits/quick', { body, faults: [keep] })
  const world = await setUpNpm(t, {
    upstreams: {
      ...mainAt(main.url),
      company: { url: 'http://127.0.0.1:9/', names: ['@company'] }
    },
    hosted: ['@ours']
  })
  const packages = { x: ['1.0.0'], '@ours/y': ['1.0.0'], '@company/z': ['2.0.0'] }
  const bulk = await world.ask('-/npm/v1/security/advisories/bulk', sending('POST', packages))
  t.same(await bulk.json(), { x: [{ id: 1 }] })
  const inner = {
    version: '1.0.0',
    requires: { '@ours/y': '1', x: '1' },
    dependencies: { '@company/z': {} }
  }
  const tree = {
    name: 'secret-project',
    install: ['@ours/y@1.0.0'],
    requires: { '@ours/y': '1' },
    dependencies: { x: inner }
  }
  t.equal((await world.ask('-/npm/v1/security/audits', sending('POST', tree))).status, 200)
  t.strictSame(bodies, [
    { x: ['1.0.0'] },
    {
      requires: {},
      dependencies: { x: { version: '1.0.0', requires: { x: '1' }, dependencies: {} } },
      install: [],
      remove: []
    }
  ])
  const wrong = await world.ask('-/npm/v1/security/advisories/bulk', {
    method: 'POST',
    headers: { 'content-encoding': 'gzip' },
    body: 'x'
  })
  t.equal(wrong.status, 400)
  await main.down()
  t.equal(
    (await world.ask('-/npm/v1/security/advisories/bulk', sending('POST', packages))).status,
    503,
    'not: no advisories'
  )
})

t.test('keys and attestations are kept for when the upstream is gone', async t => {
  const [main] = (await origins(t, 1)) as [FakeOrigin]
  const paths = ['-/npm/v1/keys', '-/npm/v1/attestations/@s%2fx@1.0.0']
  for (const path of paths) main.items.set(path, { body: Buffer.from(`{"of":"${path}"}`) })
  const world = await setUpNpm(t, { upstreams: mainAt(main.url) })
  for (const path of paths) t.same(await read(world, path), { of: path })
  await main.down()
  world.clock.advance(7 * 86_400_000)
  for (const path of paths) t.same(await read(world, path), { of: path })
  t.equal((await world.ask('-/ping')).status, 200, 'ping is about this registry')
})

t.test(
  'fifty clients that ask for one cold tarball make one request, also when the first hangs up',
  async t => {
    const [main] = (await origins(t, 1)) as [FakeOrigin]
    const tarball = Buffer.alloc(4_000_000, 'tarball ')
    offer(main, 'big', tarball.toString())
    const item = main.items.get('big/-/big-1.0.0.tgz')!
    const steps = inSteps(item, 1_500_000)
    main.items.set('big/-/big-1.0.0.tgz', { ...item, faults: [steps.fault] })
    const world = await setUpNpm(t, { upstreams: mainAt(main.url) })
    const gone = new AbortController()
    const ask = (signal?: AbortSignal): Promise<Response> =>
      world.ask('big/-/big-1.0.0.tgz', signal === undefined ? {} : { signal })
    const first = ask(gone.signal).catch(() => 'gone')
    await until(() => main.count('big/-/big-1.0.0.tgz') === 1)
    const others = Array.from({ length: 50 }, async () =>
      Buffer.from(await (await ask()).arrayBuffer())
    )
    await until(() => world.pull.statistics().requests > 50)
    steps.next()
    gone.abort()
    await first
    steps.next()
    steps.next()
    const bodies = await Promise.all(others)
    t.ok(bodies.every(body => body.equals(tarball)))
    t.equal(main.count('big/-/big-1.0.0.tgz'), 1)
    t.equal(main.count('big'), 1)
  }
)

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
  const [main] = (await origins(t, 1)) as [FakeOrigin]
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
  const [main] = (await origins(t, 1)) as [FakeOrigin]
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
  const [main] = (await origins(t, 1)) as [FakeOrigin]
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

t.test('an error of the upstream is not a version that is not there', async t => {
  const [main] = (await origins(t, 1)) as [FakeOrigin]
  main.items.set('x', { body: Buffer.from('{}'), faults: [status(403)] })
  const world = await setUpNpm(t, { upstreams: mainAt(main.url) })
  t.equal((await world.ask('x/1.0.0')).status, 502)
})
