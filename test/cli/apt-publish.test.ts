import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t, { type Test } from 'tap'
import { openAptClient } from '../lib/apt-client.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { requireClient } from '../lib/skip.ts'
import { makeWorld, until, type World } from './run-cairn.ts'

t.setTimeout(240_000)

interface DebOptions {
  readonly version?: string
  readonly architecture?: string
  readonly depends?: string
  readonly bytes?: number
}

/** A package that installs one file. */
async function makeDeb(world: World, name: string, options: DebOptions = {}): Promise<string> {
  const { version = '1.0', architecture = 'all', depends, bytes = 10 } = options
  const tree = join(world.folder, `${name}-${version}-${architecture}-${bytes}`)
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true })
  mkdirSync(join(tree, 'usr/share/doc', name), { recursive: true })
  chmodSync(tree, 0o755)
  chmodSync(join(tree, 'DEBIAN'), 0o755)
  writeFileSync(join(tree, 'usr/share/doc', name, 'readme'), Buffer.alloc(bytes, version))
  const fields = [
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    'Maintainer: A Person <a@example>',
    ...(depends === undefined ? [] : [`Depends: ${depends}`]),
    'Description: of a test',
    ' with more lines,',
    ' .',
    ' and Filename: in them'
  ]
  writeFileSync(join(tree, 'DEBIAN/control'), `${fields.join('\n')}\n`)
  const deb = `${tree}.deb`
  await execa('dpkg-deb', ['--root-owner-group', '-b', tree, deb])
  return deb
}

async function clientOf(t: Test, world: World, url: string, archive = 'local', suite = 'stable') {
  const keyring = join(world.folder, 'key.asc')
  writeFileSync(keyring, await world.line(['apt', 'key']))
  const client = openAptClient({
    sources: [`deb [signed-by=${keyring}] ${url}apt/${archive} ${suite} main`]
  })
  t.teardown(() => client.remove())
  return client
}

t.test('what cannot be published is refused, and nothing changes', async t => {
  if (!requireClient(t, 'apt-get')) return
  const world = await makeWorld(t)
  mkdirSync(world.home, { recursive: true })
  writeFileSync(
    join(world.home, 'config.yaml'),
    'mount: none\napt:\n  upstreams:\n    debian: http://mirror.test/debian/\n'
  )
  const good = await makeDeb(world, 'good')
  const junk = join(world.folder, 'junk.deb')
  writeFileSync(junk, 'not a package')
  for (const [args, message, code] of [
    [['local', good, junk], /junk\.deb: not an ar archive/, 1],
    [['local', good, join(world.folder, 'none.deb')], /none\.deb: .*ENOENT/, 1],
    [['debian', good], /debian is an upstream in config.yaml/, 1],
    [['../up', good], /cannot name an archive/, 2],
    [['local', good, '--suite', 'a/b'], /cannot name a suite/, 2],
    [['local'], /missing required argument/, 2]
  ] as const) {
    const { status, stderr } = await world.run(['apt', 'publish', ...args])
    t.equal(status, code, String(message))
    t.match(stderr, message)
  }
  const { status } = await world.run(['ls', '/pkg/apt'])
  t.equal(status, 1, 'there is no archive')
})

t.test('apt-get installs what was published, with signed-by, while the daemon runs', async t => {
  if (!requireClient(t, 'apt-get')) return
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const world = await makeWorld(t)
  mkdirSync(world.home, { recursive: true })
  writeFileSync(
    join(world.home, 'config.yaml'),
    `mount: none\napt:\n  upstreams:\n    up: ${origin.url}\n`
  )
  const daemon = await world.start()
  const hello = await makeDeb(world, 'cairn-hello', { depends: 'cairn-lib (>= 1:1.0)' })
  const lib = await makeDeb(world, 'cairn-lib', { version: '1:1.2~rc1-1' })
  const said = await world.run(['apt', 'publish', 'local', hello, lib])
  t.equal(said.status, 0) || t.comment(said.stderr)
  t.match(
    said.stdout,
    /cairn-lib 1:1\.2~rc1-1 all {2}pool\/main\/c\/cairn-lib\/cairn-lib_1\.2~rc1-1_all\.deb/
  )
  t.match(said.stderr, /apt gets at it/)
  t.equal(statSync(join(world.home, 'apt-key.json')).mode & 0o777, 0o600)
  const client = await clientOf(t, world, daemon.url)
  const update = await client.run('update', '--error-on=any')
  t.equal(update.exitCode, 0) || t.comment(update.all)
  const install = await client.run('install', '-y', '--download-only', 'cairn-hello')
  t.equal(install.exitCode, 0) || t.comment(install.all)
  t.strictSame(client.archives().sort(), [
    'cairn-hello_1.0_all.deb',
    'cairn-lib_1%3a1.2~rc1-1_all.deb'
  ])

  await t.test('a new version is there at the next update, the old one too', async t => {
    const newer = await makeDeb(world, 'cairn-hello', { version: '2.0' })
    t.equal((await world.run(['apt', 'publish', 'local', newer])).status, 0)
    t.equal((await client.run('update', '--error-on=any')).exitCode, 0)
    for (const version of ['1.0', '2.0']) {
      const got = await client.run('install', '-y', '--download-only', `cairn-hello=${version}`)
      t.equal(got.exitCode, 0) || t.comment(got.all)
    }
  })
  await t.test('what is removed is gone at the next update, all of it or none', async t => {
    const two = await makeDeb(world, 'cairn-two', { version: '2' })
    const one = await makeDeb(world, 'cairn-two', { version: '1' })
    t.equal((await world.run(['apt', 'publish', 'local', one, two])).status, 0)
    t.equal((await world.run(['apt', 'publish', 'local', one, '--suite', 'older'])).status, 0)
    const list = async () =>
      (await world.run(['apt', 'ls', 'local'])).stdout.split('\n').filter(line => /two/.test(line))
    t.strictSame(await list(), [
      'local older/main  cairn-two 1 all',
      'local stable/main  cairn-two 1 all',
      'local stable/main  cairn-two 2 all'
    ])
    for (const args of [['cairn-two', 'nothing'], ['cairn-two=3'], ['cairn-two', '--suite', 'x']]) {
      const refused = await world.run(['apt', 'rm', 'local', ...args])
      t.match(refused, { status: 1, stderr: /local has no "(nothing|cairn-two(=3)?)" in/ })
    }
    t.equal((await list()).length, 3, 'nothing went')
    const { stdout } = await world.run(['apt', 'rm', 'local', 'cairn-two'])
    t.equal(stdout.split('\n').filter(line => /cairn-two [12] all/.test(line)).length, 2)
    t.strictSame(await list(), ['local older/main  cairn-two 1 all'])
    const pool = `${daemon.url}apt/local/pool/main/c/cairn-two/cairn-two`
    t.equal((await fetch(`${pool}_2_all.deb`)).status, 404)
    t.equal((await fetch(`${pool}_1_all.deb`)).status, 200, 'another suite has it')
    const update = await client.run('update', '--error-on=any')
    t.equal(update.exitCode, 0) || t.comment(update.all)
    t.not((await client.run('install', '-y', '--download-only', 'cairn-two')).exitCode, 0)
    t.equal((await client.run('install', '-y', '--download-only', 'cairn-hello')).exitCode, 0)
    t.equal((await world.run(['apt', 'publish', 'local', two])).status, 0, 'it can come again')
    t.equal((await world.run(['apt', 'rm', 'local', 'cairn-two=2'])).status, 0)
  })
  await t.test('another architecture, suite and component stand beside', async t => {
    const arm = await makeDeb(world, 'cairn-arm', { architecture: 'arm64' })
    t.equal((await world.run(['apt', 'publish', 'local', arm, '--component', 'extra'])).status, 0)
    t.equal((await world.run(['apt', 'publish', 'local', arm, '--suite', 'testing'])).status, 0)
    const update = await client.run('update', '--error-on=any')
    t.equal(update.exitCode, 0) || t.comment(update.all)
    const release = await (await fetch(`${daemon.url}apt/local/dists/stable/Release`)).text()
    t.match(release, /^Components: extra main$/m)
    t.match(release, /^Architectures: amd64 arm64$/m)
    t.match(release, / main\/binary-amd64\/Packages\n/)
    const other = await clientOf(t, world, daemon.url, 'local', 'testing')
    t.equal((await other.run('update', '--error-on=any')).exitCode, 0)
  })
  await t.test(
    'the same package again changes nothing; another of its name is refused',
    async t => {
      t.equal((await world.run(['apt', 'publish', 'local', hello])).status, 0)
      const other = await makeDeb(world, 'cairn-hello', { bytes: 11 })
      const { status, stderr } = await world.run(['apt', 'publish', 'local', other])
      t.equal(status, 1)
      t.match(stderr, /another package is published as .*: give it a new version/)
    }
  )
  await t.test('two at once are both published', async t => {
    const debs = await Promise.all(['twin-a', 'twin-b'].map(name => makeDeb(world, name)))
    const both = await Promise.all(debs.map(deb => world.run(['apt', 'publish', 'local', deb])))
    t.strictSame(
      both.map(({ status }) => status),
      [0, 0]
    )
    t.equal((await client.run('update', '--error-on=any')).exitCode, 0)
    const got = await client.run('install', '-y', '--download-only', 'twin-a', 'twin-b')
    t.equal(got.exitCode, 0) || t.comment(got.all)
  })
  await t.test('what is not there is not looked up anywhere; the key is served', async t => {
    const none = await fetch(`${daemon.url}apt/local/pool/main/n/none/none_1_all.deb`)
    t.equal(none.status, 404)
    t.match(await none.text(), /not published here/)
    const key = await fetch(`${daemon.url}apt/local/archive-key.asc`)
    t.match(await key.text(), /BEGIN PGP PUBLIC KEY/)
    t.equal(origin.requests.length, 0)
  })
  await t.test('the archive as it was is a snapshot', async t => {
    const before = new Date().toISOString()
    await new Promise(resolve => setTimeout(resolve, 5))
    t.equal((await world.run(['apt', 'publish', 'local', await makeDeb(world, 'late')])).status, 0)
    const index = 'dists/stable/main/binary-amd64/Packages'
    const then = await (await fetch(`${daemon.url}apt/local/@${before}/${index}`)).text()
    const now = await (await fetch(`${daemon.url}apt/local/${index}`)).text()
    t.match(now, /^Package: late$/m)
    t.notMatch(then, /^Package: late$/m)
    t.match(then, /^Package: twin-a$/m)
  })
})

t.test(
  'a name that was published here is looked up nowhere else, whatever is configured later',
  async t => {
    if (!requireClient(t, 'apt-get')) return
    const origin = await openFakeOrigin()
    t.teardown(() => origin.close())
    const world = await makeWorld(t)
    const own = await makeDeb(world, 'own')
    for (const archive of ['local', 'empty']) {
      t.equal((await world.run(['apt', 'publish', archive, own])).status, 0)
    }
    t.equal((await world.run(['apt', 'rm', 'empty', 'own'])).status, 0)
    writeFileSync(
      join(world.home, 'config.yaml'),
      `apt: {upstreams: {${['local', 'empty', 'other'].map(name => `${name}: "${origin.url}${name}/"`)}}}\n`
    )
    for (const name of ['local', 'empty', 'other']) {
      origin.items.set(`${name}/pool/a_1_all.deb`, { body: Buffer.from('theirs') })
    }
    const { url, log } = await world.start()
    const told = /"upstream":"apt\/empty".*is not asked.*"upstream":"apt\/local"/s
    await until(async () => told.test(log()))
    const status = async (path: string) => (await fetch(`${url}apt/${path}`)).status
    t.equal(await status('other/pool/a_1_all.deb'), 200)
    t.equal(await status('local/pool/a_1_all.deb'), 404)
    t.equal(await status('empty/pool/a_1_all.deb'), 404, 'also when nothing of it is left')
    t.equal(await status('local/@2026-01-01/pool/a_1_all.deb'), 404, 'nor as it was')
    t.equal(await status('local/dists/stable/InRelease'), 200)
    const client = await clientOf(t, world, url)
    t.equal((await client.run('update', '--error-on=any')).exitCode, 0)
    t.strictSame(
      origin.requests.map(({ path }) => path),
      ['other/pool/a_1_all.deb']
    )
  }
)

t.test('kill -9 while publishing leaves the archive as it was, or as it was to be', async t => {
  if (!requireClient(t, 'apt-get')) return
  const world = await makeWorld(t)
  const first = await makeDeb(world, 'first')
  t.equal((await world.run(['apt', 'publish', 'local', first])).status, 0)
  const debs = await Promise.all(
    ['a', 'b', 'c', 'd'].map(name => makeDeb(world, `more-${name}`, { bytes: 3_000_000 }))
  )
  for (const delayMs of [250, 400, 600, 900]) {
    const child = world.spawn(['apt', 'publish', 'local', ...debs])
    const ended = once(child, 'exit')
    await Promise.race([ended, new Promise(resolve => setTimeout(resolve, delayMs))])
    child.kill('SIGKILL')
    await ended
  }
  const daemon = await world.start()
  const client = await clientOf(t, world, daemon.url)
  const update = await client.run('update', '--error-on=any')
  t.equal(update.exitCode, 0) || t.comment(update.all)
  const index = await (
    await fetch(`${daemon.url}apt/local/dists/stable/main/binary-amd64/Packages`)
  ).text()
  const names = [...index.matchAll(/^Package: (.*)$/gm)].map(([, name]) => name)
  t.ok([1, 5].includes(names.length), `${names}`)
  t.equal((await world.run(['apt', 'publish', 'local', ...debs])).status, 0, 'and again')
  t.equal((await client.run('update', '--error-on=any')).exitCode, 0)
  const got = await client.run('install', '-y', '--download-only', 'first', 'more-a', 'more-d')
  t.equal(got.exitCode, 0) || t.comment(got.all)
  t.strictSame(
    readdirSync(world.home).filter(name => name.startsWith('apt-key.json.')),
    []
  )
})
