import t from 'tap'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { integrityOf, publicationOf, publish, read, sending, setUpNpm } from '../lib/npm-package.ts'
import { mainAt, openNpmWorld } from '../lib/npm-world.ts'

t.test('names that are not for here cannot be published, changed or taken', async t => {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const world = await setUpNpm(t, { upstreams: mainAt(origin.url), hosted: ['@ours'] })
  const body = publicationOf('react', '1.0.0', Buffer.from('x'))
  for (const [method, path] of [
    ['PUT', 'react'],
    ['PUT', 'react/-rev/1-x'],
    ['DELETE', 'react/-rev/1-x'],
    ['DELETE', 'react/-/react-1.0.0.tgz/-rev/1-x'],
    ['PUT', '-/package/react/dist-tags/next'],
    ['DELETE', '-/package/react/dist-tags/next'],
    ['PUT', '@2026-01-01T00:00Z/@ours%2fx'],
    ['PUT', '+npm/react']
  ] as const) {
    const answer = await world.ask(path, sending(method, body))
    t.equal(answer.status, 403, `${method} ${path}`)
    t.match(await answer.json(), { error: /hosted in config.yaml/ })
  }
  t.equal((await world.ask('react', { method: 'PATCH' })).status, 405)
  t.same(origin.requests, [])
})

t.test(
  'a hosted name is never looked up upstream, before, while and after it is published',
  async t => {
    const origin = await openFakeOrigin()
    t.teardown(() => origin.close())
    const world = await setUpNpm(t, { upstreams: mainAt(origin.url), hosted: ['@ours'] })
    const look = async (): Promise<number[]> => {
      const paths = [
        '@ours%2fx',
        '@ours/x/1.0.0',
        '@ours/x/-/x-1.0.0.tgz',
        '-/npm/v1/attestations/@ours%2fx@1.0.0'
      ]
      const views = ['', '+npm/', '@2026-01-01T00:00:00Z/']
      const all = views.flatMap(view => paths.map(path => world.ask(view + path)))
      return (await Promise.all(all)).map(({ status }) => status)
    }
    t.notOk((await look()).some(status => status < 400))
    await publish(world, '1.0.0')
    t.ok((await look()).some(status => status === 200))
    const { _rev } = await read(world, '@ours%2fx?write=true')
    t.equal((await world.ask(`@ours%2fx/-rev/${_rev}`, { method: 'DELETE' })).status, 200)
    t.notOk((await look()).some(status => status < 400))
    await world.ask(
      '-/npm/v1/security/advisories/bulk',
      sending('POST', { '@ours/x': ['1.0.0'], react: ['1'] })
    )
    t.same(
      origin.requests.map(({ path }) => path),
      ['-/npm/v1/security/advisories/bulk']
    )
  }
)

t.test('what an upstream said of a name is forgotten when it is published here', async t => {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const theirs = Buffer.from('theirs')
  const document = {
    name: 'tool',
    versions: { '1.0.0': { dist: { integrity: integrityOf(theirs) } } }
  }
  origin.items.set('tool', { body: Buffer.from(JSON.stringify(document)) })
  origin.items.set('tool/-/tool-1.0.0.tgz', { body: theirs })
  const before = await openNpmWorld({ upstreams: mainAt(origin.url) })
  t.equal(await (await before.ask('tool/-/tool-1.0.0.tgz')).text(), 'theirs')
  await before.close()
  const world = await setUpNpm(t, {
    upstreams: mainAt(origin.url),
    hosted: ['tool'],
    home: before.home
  })
  t.equal((await world.ask('tool/-/tool-1.0.0.tgz')).status, 404)
  t.equal(
    (await publish(world, '1.0.0', { name: 'tool', tarball: Buffer.from('ours') })).status,
    201
  )
  t.equal(await (await world.ask('tool/-/tool-1.0.0.tgz')).text(), 'ours')
  t.equal(world.catalog.expected('npm/tool/1.0.0.tgz'), undefined)
})

t.test('without any upstream every name can be published', async t => {
  const world = await setUpNpm(t, {})
  t.match(await (await world.ask('anything')).json(), { error: /npm: upstream/ })
  t.equal((await publish(world, '1.0.0', { name: 'anything' })).status, 201)
  t.equal((await world.ask('anything')).status, 200)
})

t.test('search finds what is hosted, and asks the upstream for the rest', async t => {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const world = await setUpNpm(t, { upstreams: mainAt(origin.url), hosted: ['@ours'] })
  await publish(world, '1.0.0', { manifest: { description: 'Makes Hats', keywords: ['felt'] } })
  const theirs = [{ package: { name: '@ours/x' } }, { package: { name: 'hats' } }]
  origin.items.set('-/v1/search?text=hats', {
    body: Buffer.from(JSON.stringify({ objects: theirs, total: 2 }))
  })
  const names = async (query: string): Promise<string[]> => {
    const { objects } = (await read(world, `-/v1/search?${query}`)) as {
      objects: Array<{ package: { name: string; version?: string } }>
    }
    return objects.map(each => `${each.package.name} ${each.package.version}`)
  }
  t.same(await names('text=hats'), ['@ours/x 1.0.0', 'hats undefined'])
  await origin.down()
  t.same(await names('text=felt'), ['@ours/x 1.0.0'])
  t.equal((await world.ask('-/v1/search?text=nothing')).status, 503)
})

t.test('who may see a package', async t => {
  const world = await setUpNpm(t)
  t.equal((await world.ask('-/package/@ours%2fx/visibility')).status, 404)
  await publish(world, '1.0.0')
  t.same(await read(world, '-/package/@ours%2fx/visibility'), { public: true })
  t.same(await read(world, '-/package/@ours%2fx/collaborators'), { local: 'write' })
  const set = async (access: string): Promise<number> =>
    (await world.ask('-/package/@ours%2fx/access', sending('POST', { access }))).status
  t.equal(await set('public'), 200)
  t.equal(await set('restricted'), 501)
  const factors = async (body: object): Promise<number> =>
    (await world.ask('-/package/@ours%2fx/access', sending('POST', body))).status
  t.equal(await factors({ publish_requires_tfa: false }), 200, 'as it is')
  t.equal(await factors({ publish_requires_tfa: true }), 501)
})

t.test('which packages somebody may change', async t => {
  const world = await setUpNpm(t)
  const secret = 'correct horse battery'
  await world.users.add('ann', secret, { scopes: ['read', 'publish'], root: [] })
  await world.users.add('bob', secret, { scopes: ['read'], root: [] })
  const listed = async (who: string, path: string): Promise<unknown> => {
    const headers = { authorization: `Basic ${btoa(`${who}:${secret}`)}` }
    const answer = await fetch(`${world.shared}/npm/-/${path}/package`, { headers })
    return answer.status === 200 ? await answer.json() : answer.status
  }
  t.same(await listed('ann', 'user/ann'), {}, 'none was published yet')
  t.equal(await listed('ann', 'org/ours'), 404)
  await publish(world, '1.0.0')
  t.same(await listed('ann', 'user/ann'), { '@ours/x': 'write' })
  t.same(await listed('bob', 'user/bob'), { '@ours/x': 'read' })
  t.equal(await listed('bob', 'user/ann'), 404, 'nothing is told of others')
  t.same(await listed('bob', 'org/ours'), { '@ours/x': 'read' })
  t.equal(await listed('bob', 'org/our'), 404)
  t.equal(await listed('bob', 'org/others'), 404)
  t.equal((await world.ask('-/user/local/package')).status, 404, 'nobody said who they are')
})
