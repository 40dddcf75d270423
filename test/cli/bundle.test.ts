import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { makeWorld, type World } from './run-cairn.ts'

t.test('a wrong bundle command line exits 2, and says what is wrong', async t => {
  const world = await makeWorld(t)
  const out = join(world.folder, 'out')
  for (const [args, message] of [
    [['export', '-o', out], /missing required argument/],
    [['export', '/mfs'], /--output/],
    [['export', '/mfs', '-o', out, '--split', '1K'], /--split "1K": give 8M or more/],
    [['export', '/mfs', '-o', out, '--since', 'x'], /not a CID/],
    [['export', '/etc/passwd', '-o', out], /not in the store/],
    [['import'], /missing required argument/]
  ] as const) {
    const { status, stderr } = await world.run(['bundle', ...args])
    t.equal(status, 2, args.join(' '))
    t.match(stderr, message)
  }
  const have = join(world.folder, 'have')
  await writeFile(have, 'no cid\n')
  t.match(await world.run(['bundle', 'export', '/mfs', '-o', out, '--have', have]), {
    status: 1,
    stderr: /have:1: no CID/
  })
  t.match(await world.run(['bundle', 'export', '/ipns/none', '-o', out]), {
    status: 1,
    stderr: /no record/
  })
  t.match(await world.run(['bundle', 'export', '/pkg/apt', '-o', out]), {
    status: 1,
    stderr: /no packages/
  })
  t.match(await world.run(['bundle', 'import', world.folder]), {
    status: 1,
    stderr: /is no bundle/
  })
})

t.test(
  'packages of apt and npm are served from a bundle at once, without their upstream',
  async t => {
    const from = await makeWorld(t)
    const origin = await openFakeOrigin()
    t.teardown(() => origin.close())
    const tarball = Buffer.from('a tarball')
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const version = {
      name: 'pad',
      version: '1.0.0',
      dist: { tarball: `${origin.url}npm/pad/-/pad-1.0.0.tgz`, integrity }
    }
    const packument = {
      name: 'pad',
      'dist-tags': { latest: '1.0.0' },
      versions: { '1.0.0': version }
    }
    origin.items.set('npm/pad', { body: Buffer.from(JSON.stringify(packument)) })
    origin.items.set('npm/pad/-/pad-1.0.0.tgz', { body: tarball })
    origin.items.set('debian/pool/o/odd_1_all.deb', { body: Buffer.from('a package') })
    const config = `apt:\n  upstreams:\n    debian: ${origin.url}debian/\nnpm:\n  upstream: ${origin.url}npm/\n`
    const configure = async ({ home }: World) => {
      await mkdir(home)
      await writeFile(join(home, 'config.yaml'), config)
    }
    await configure(from)
    const wanted = ['npm/pad', 'npm/pad/-/pad-1.0.0.tgz', 'apt/debian/pool/o/odd_1_all.deb']
    const ask = async (url: string) =>
      Promise.all(
        wanted.map(async path => {
          const answer = await fetch(url + path)
          return `${answer.status} ${(await answer.text()).replaceAll(url, '')}`
        })
      )
    const daemon = await from.start()
    const there = await ask(daemon.url)
    t.match(there[2], '200 a package')
    const out = join(from.folder, 'out')
    t.match(await from.line(['bundle', 'export', '/pkg', '-o', out, '--json']), /"entries":[1-9]/)
    await origin.down()

    const to = await makeWorld(t)
    await configure(to)
    const far = await to.start()
    t.notMatch((await ask(far.url)).join(), '200')
    await to.line(['bundle', 'import', out])
    await rm(out, { recursive: true })
    const again = await to.start().catch(() => undefined)
    t.equal(again, undefined, 'the same daemon serves it')
    t.strictSame(await ask(far.url), there)
  }
)

t.test('a folder and a name go over by --have, and only what changed', async t => {
  const from = await makeWorld(t)
  await mkdir(join(from.folder, 'site'))
  for (let file = 0; file < 200; file++) {
    await writeFile(join(from.folder, `site/f${file}`), `${file} `.repeat(3000))
  }
  const first = await from.line(['add', 'site'])
  await from.line(['key', 'new', 'site'])
  const name = await from.line(['publish', first, '--key', 'site'])
  const to = await makeWorld(t)
  const out = (which: string) => join(from.folder, which)
  await from.line(['bundle', 'export', '/ipns/site', '-o', out('one')])
  t.match(await to.line(['bundle', 'import', out('one')]), `/ipns/${name}  newer`)
  await writeFile(join(from.folder, 'site/f7'), 'changed')
  await from.line(['publish', await from.line(['add', 'site']), '--key', 'site'])
  const have = join(from.folder, 'have')
  await writeFile(have, await to.line(['bundle', 'have']))
  t.ok((await readFile(have, 'utf8')).includes(first))
  const sizeOf = (json: string) => (JSON.parse(json) as { bytes: number }).bytes
  const bytes = sizeOf(
    await from.line(['bundle', 'export', '/ipns/site', '--have', have, '-o', out('two'), '--json'])
  )
  const index = join(out('one'), 'index.json')
  const same = sizeOf(
    await from.line([
      'bundle',
      'export',
      '/ipns/site',
      '--have',
      index,
      '-o',
      out('three'),
      '--json'
    ])
  )
  t.ok(bytes < 40_000 && same === bytes, `${bytes} bytes`)
  await to.line(['bundle', 'import', out('two')])
  t.equal(await to.line(['cat', `/ipns/${name}/f7`]), 'changed')
  t.equal(await to.line(['cat', `${name}/f8`]), '8 '.repeat(3000).trimEnd())
  t.match(await to.line(['bundle', 'import', out('one')]), 'older')
  t.equal(await to.line(['cat', `/ipns/${name}/f7`]), 'changed')
  t.equal((await to.run(['fsck'])).status, 0)
})
