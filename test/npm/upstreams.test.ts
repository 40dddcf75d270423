import t, { type Test } from 'tap'
import { type FakeOrigin, inSteps, openFakeOrigin, status } from '../lib/fake-origin.ts'
import { integrityOf, read, sending, setUpNpm } from '../lib/npm-package.ts'
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

t.test('an error of the upstream is not a version that is not there', async t => {
  const [main] = (await origins(t, 1)) as [FakeOrigin]
  main.items.set('x', { body: Buffer.from('{}'), faults: [status(403)] })
  const world = await setUpNpm(t, { upstreams: mainAt(main.url) })
  t.equal((await world.ask('x/1.0.0')).status, 502)
})
