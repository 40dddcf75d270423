import t from 'tap'
import { makeNpmAdapter } from '../../adapters/npm/adapter.ts'
import { openUnpacking } from '../../src/pull/unpack.ts'
import {
  integrityOf,
  makeTarball,
  publicationOf,
  publish,
  read,
  sending,
  setUpNpm,
  shortType
} from '../lib/npm-package.ts'

t.test(
  'a published package in both forms, its versions and its tarball, byte for byte',
  async t => {
    const world = await setUpNpm(t)
    const tarball = await makeTarball({ 'package.json': '{}', 'index.js': 'x' })
    const manifest = { dependencies: { a: '1' }, scripts: { install: 'x' }, private: 'kept' }
    t.equal((await publish(world, '1.0.0', { tarball, manifest })).status, 201)
    const address = `${world.url}/npm/@ours/x/-/x-1.0.0.tgz`
    const full = await read(world, '@ours%2fx')
    t.match(full, {
      name: '@ours/x',
      'dist-tags': { latest: '1.0.0' },
      versions: {
        '1.0.0': { private: 'kept', dist: { tarball: address, integrity: integrityOf(tarball) } }
      },
      time: { created: String, modified: String, '1.0.0': String }
    })
    t.notOk(JSON.stringify(full).includes('_attachments'))
    const short = await read(world, '@ours/x', shortType)
    t.match(short, {
      versions: { '1.0.0': { hasInstallScript: true, dependencies: { a: '1' } } },
      time: { '1.0.0': String }
    })
    t.notOk(JSON.stringify(short).includes('kept'))
    t.match(await read(world, '@ours/x/1.0.0'), {
      version: '1.0.0',
      private: 'kept',
      dist: { tarball: address }
    })
    t.match(await read(world, '@ours/x/latest', shortType), {
      version: '1.0.0',
      hasInstallScript: true
    })
    t.equal((await world.ask('@ours/x/2.0.0')).status, 404)
    t.equal((await world.ask('@ours/x/beta')).status, 404)
    const got = await fetch(address)
    t.same(Buffer.from(await got.arrayBuffer()), tarball)
    const etag = got.headers.get('etag') ?? ''
    t.equal((await fetch(address, { headers: { 'if-none-match': etag } })).status, 304)
    const head = await fetch(address, { method: 'HEAD' })
    t.equal(head.headers.get('content-length'), String(tarball.length))
    t.equal((await fetch(address, { headers: { range: 'bytes=2-5' } })).status, 206)
  }
)

t.test(
  'packuments of hosted packages are revalidated by their ETag until something changes',
  async t => {
    const world = await setUpNpm(t)
    await publish(world, '1.0.0')
    for (const accept of ['application/json', shortType]) {
      const etag = (await world.ask('@ours/x', { headers: { accept } })).headers.get('etag') ?? ''
      const again = (): Promise<Response> =>
        world.ask('@ours/x', { headers: { accept, 'if-none-match': etag } })
      t.equal((await again()).status, 304)
      await publish(world, accept === shortType ? '3.0.0' : '2.0.0')
      t.equal((await again()).status, 200)
    }
  }
)

t.test('what cannot be published is refused, and changes nothing', async t => {
  const world = await setUpNpm(t)
  await publish(world, '1.0.0')
  const tarball = Buffer.from('bytes')
  const base = publicationOf('@ours/x', '2.0.0', tarball) as {
    versions: Record<string, object>
    _attachments: Record<string, { data: string; length: number }>
  }
  const file = '@ours/x-2.0.0.tgz'
  const attachment = base._attachments[file]!
  const wrong: ReadonlyArray<readonly [string, unknown, number]> = [
    ['another name', { ...base, name: '@ours/y' }, 400],
    ['no JSON', '', 400],
    ['a list', [], 400],
    ['no versions', { ...base, versions: {} }, 400],
    ['two versions', { ...base, versions: { ...base.versions, '3.0.0': {} } }, 400],
    ['no version number', { ...base, versions: { x: { name: '@ours/x', version: 'x' } } }, 400],
    [
      '__proto__',
      { ...base, versions: JSON.parse('{"__proto__":{"name":"@ours/x","version":"__proto__"}}') },
      400
    ],
    [
      'a manifest of another',
      { ...base, versions: { '2.0.0': { name: '@ours/y', version: '2.0.0' } } },
      400
    ],
    ['a tag that is a version', { ...base, 'dist-tags': { '1.0.0': '2.0.0' } }, 400],
    ['a tag that leads elsewhere', { ...base, 'dist-tags': { latest: '1.0.0' } }, 400],
    [
      'other bytes',
      { ...base, _attachments: { [file]: { ...attachment, data: 'AAAA', length: 3 } } },
      400
    ],
    [
      'a cut tarball',
      { ...base, _attachments: { [file]: { ...attachment, data: attachment.data.slice(0, 4) } } },
      400
    ],
    ['two tarballs', { ...base, _attachments: { [file]: attachment, 'y.tgz': attachment } }, 400],
    ['attachments as a list', { ...base, _attachments: [] }, 400],
    ['the same version again', publicationOf('@ours/x', '1.0.0', tarball), 403]
  ]
  const before = await read(world, '@ours/x')
  for (const [what, body, status] of wrong) {
    const answer = await world.ask('@ours%2fx', sending('PUT', body))
    t.equal(answer.status, status, `${what}: ${await answer.text()}`)
  }
  t.strictSame(await read(world, '@ours/x'), before)
  t.equal((await world.ask('@ours/x/-/x-2.0.0.tgz')).status, 404)
})

t.test('tags: moved, added, removed; never latest', async t => {
  const world = await setUpNpm(t)
  await publish(world, '1.0.0')
  await publish(world, '2.0.0', { tag: 'next' })
  const tags = (): Promise<unknown> => read(world, '-/package/@ours%2fx/dist-tags')
  const put = async (tag: string, version: unknown): Promise<number> =>
    (await world.ask(`-/package/@ours%2fx/dist-tags/${tag}`, sending('PUT', version))).status
  const remove = async (tag: string): Promise<number> =>
    (await world.ask(`-/package/@ours%2fx/dist-tags/${tag}`, { method: 'DELETE' })).status
  t.strictSame(await tags(), { latest: '1.0.0', next: '2.0.0' })
  t.equal(await put('latest', '2.0.0'), 201)
  t.equal(await put('beta', '1.0.0'), 201)
  t.strictSame(await tags(), { latest: '2.0.0', next: '2.0.0', beta: '1.0.0' })
  t.equal(await put('beta', '9.0.0'), 404)
  t.equal(await put('beta', { a: 1 }), 404)
  t.equal(await put('1.0.0', '1.0.0'), 404, 'no tag is a version')
  t.equal(await remove('next'), 200)
  t.equal(await remove('next'), 404)
  t.equal(await remove('latest'), 400)
  t.strictSame(await tags(), { latest: '2.0.0', beta: '1.0.0' })
})

t.test('deprecate changes the message of a version and nothing else of it', async t => {
  const world = await setUpNpm(t)
  await publish(world, '1.0.0', { manifest: { main: 'a.js' } })
  const packument = await read(world, '@ours%2fx?write=true')
  const versions = packument.versions as Record<string, Record<string, unknown>>
  versions['1.0.0']!.deprecated = 'use y'
  versions['1.0.0']!.main = 'evil.js'
  versions['1.0.0']!.dist = { integrity: 'sha512-x' }
  t.equal((await world.ask('@ours%2fx', sending('PUT', packument))).status, 201)
  const after = await read(world, '@ours/x/1.0.0')
  t.match(after, { deprecated: 'use y', main: 'a.js' })
  t.match(
    (after.dist as { integrity: string }).integrity,
    integrityOf(Buffer.from('bytes of 1.0.0'))
  )
  t.equal(
    (await world.ask('@ours%2fx', sending('PUT', packument))).status,
    409,
    'it was read before the change'
  )
})

t.test('unpublish: a version, then all; no number is given out twice', async t => {
  const world = await setUpNpm(t)
  await publish(world, '1.0.0')
  await publish(world, '2.0.0')
  const packument = await read(world, '@ours%2fx?write=true')
  delete (packument.versions as Record<string, unknown>)['2.0.0']
  delete (packument['dist-tags'] as Record<string, unknown>).latest
  const tarball = '@ours/x/-/x-2.0.0.tgz'
  t.equal((await world.ask(`${tarball}/-rev/${packument._rev}`, { method: 'DELETE' })).status, 409)
  const put = (): Promise<Response> =>
    world.ask(`@ours%2fx/-rev/${packument._rev}`, sending('PUT', packument))
  t.equal((await put()).status, 200)
  t.equal((await put()).status, 409)
  t.equal((await world.ask(`${tarball}/-rev/x`, { method: 'DELETE' })).status, 200)
  t.equal((await world.ask(tarball)).status, 404)
  t.equal(world.catalog.get('npm/@ours/x/2.0.0.tgz'), undefined)
  t.match(await read(world, '@ours/x'), { 'dist-tags': { latest: '1.0.0' } })
  t.match(await (await publish(world, '2.0.0')).json(), { error: /was unpublished/ })
  const { _rev } = await read(world, '@ours%2fx')
  t.equal((await world.ask('@ours%2fx/-rev/nonsense', { method: 'DELETE' })).status, 409)
  t.equal((await world.ask(`@ours%2fx/-rev/${_rev}`, { method: 'DELETE' })).status, 200)
  t.equal((await world.ask('@ours/x')).status, 404)
  t.equal((await publish(world, '1.0.0')).status, 403)
  t.equal((await publish(world, '3.0.0')).status, 201)
  t.strictSame(Object.keys((await read(world, '@ours/x')).versions as object), ['3.0.0'])
})

t.test('versions published at once are all there', async t => {
  const world = await setUpNpm(t)
  const versions = Array.from({ length: 6 }, (_, at) => `1.0.${at}`)
  const answers = await Promise.all(versions.map(version => publish(world, version)))
  t.same(
    answers.map(({ status }) => status),
    versions.map(() => 201)
  )
  t.strictSame(Object.keys((await read(world, '@ours/x')).versions as object).sort(), versions)
})

t.test('a large publication keeps its bytes', async t => {
  const world = await setUpNpm(t)
  const tarball = Buffer.alloc(9_000_001, 'large ')
  t.equal((await publish(world, '1.0.0', { tarball })).status, 201)
  const got = await world.ask('@ours/x/-/x-1.0.0.tgz')
  t.ok(Buffer.from(await got.arrayBuffer()).equals(tarball))
})

t.test('the mount shows a version unpacked', async t => {
  const world = await setUpNpm(t)
  await publish(world, '1.0.0', { tarball: await makeTarball({ 'package.json': '{}' }) })
  const { catalog, log, reader, store: blocks, writer, documents } = world
  const adapters = [makeNpmAdapter(documents)]
  const unpacking = openUnpacking({ catalog, log, reader, blocks, writer, adapters })
  t.ok((await unpacking.unpack('npm/@ours/x/1.0.0.tgz')).toString())
  t.same([...catalog.list('npm/@ours/x')], [{ name: '1.0.0.tgz', kind: 'item' }])
})
