import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { KeyPair } from '../../adapters/apt/openpgp/jobs.ts'
import { makeKey } from '../../adapters/apt/openpgp/run.ts'
import { type AptClient, openAptClient } from '../lib/apt-client.ts'
import { type ArchiveVersion, debPath, publishVersion } from '../lib/fake-archive.ts'
import {
  cutAfter,
  type FakeOrigin,
  inSteps,
  openFakeOrigin,
  otherBytes
} from '../lib/fake-origin.ts'
import { requireClient, requireRoot } from '../lib/skip.ts'
import { makeWorld, type StartedDaemon, until, type World } from './run-cairn.ts'
import { mountSmallHome } from './small-home.ts'

t.setTimeout(240_000)

const MiB = 1024 * 1024
const debs = { a: randomBytes(300_000), b: randomBytes(2 * MiB), c: randomBytes(1000) }

interface Scene {
  readonly world: World
  readonly origin: FakeOrigin
  readonly key: KeyPair
  publish: (more?: Partial<ArchiveVersion>) => Promise<void>
  client: (url: string, more?: { config?: string; source?: string; keyrings?: string }) => AptClient
}

/** An archive `a` that Cairn mirrors and whose key it knows; nothing runs yet. */
async function setUp(t: Test, world?: World): Promise<Scene> {
  const its = world ?? (await makeWorld(t))
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const key = await makeKey('The archive')
  const keyring = join(its.folder, 'key.asc')
  writeFileSync(keyring, key.publicKey)
  mkdirSync(its.home, { recursive: true })
  const upstream = `{url: "${origin.url}a/", keyring: ${keyring}}`
  writeFileSync(join(its.home, 'config.yaml'), `apt: {upstreams: {a: ${upstream}}}\n`)
  const publish = (more = {}) => publishVersion(origin, 'a/', { version: 1, key, debs, ...more })
  await publish()
  return {
    world: its,
    origin,
    key,
    publish,
    client: (url, { config, source = `${url}apt/a`, keyrings = keyring } = {}) => {
      const client = openAptClient({
        sources: [`deb [signed-by=${keyrings}] ${source} stable main`],
        ...(config === undefined ? {} : { config })
      })
      t.teardown(() => client.remove())
      return client
    }
  }
}

async function good(t: Test, client: AptClient, ...args: string[]): Promise<void> {
  const { exitCode, all } = await client.run(...args)
  t.equal(exitCode, 0, args.join(' ')) || t.comment(all)
}

async function bad(t: Test, client: AptClient, said: RegExp, ...args: string[]): Promise<void> {
  const { exitCode, all } = await client.run(...args)
  t.not(exitCode, 0, args.join(' '))
  t.match(all, said)
}

const update = ['update', '--error-on=any']
const install = ['install', '-y', '--download-only', 'a', 'b', 'c']

/** Kills the daemon while a package of an install comes through it; apt goes on. */
async function killWithin(apt: AptClient, daemon: StartedDaemon, origin: FakeOrigin) {
  const path = `a/${debPath('b')}`
  const item = origin.items.get(path)!
  const steps = inSteps(item, MiB)
  origin.items.set(path, { ...item, faults: [steps.fault] })
  const ended = apt.run(...install)
  steps.next()
  await until(async () => origin.count(path) === 1)
  daemon.child.kill('SIGKILL')
  await daemon.ended
  return { ended }
}
const noRetries = 'Acquire::Retries "0";\n'

t.test('a package that breaks off comes whole, one that is other bytes never does', async t => {
  if (!requireClient(t, 'apt-get')) return
  const { world, origin, client } = await setUp(t)
  const { url } = await world.start()
  const apt = client(url, { config: noRetries })
  await good(t, apt, ...update)
  const b = origin.items.get(`a/${debPath('b')}`)!
  origin.items.set(`a/${debPath('b')}`, { ...b, faults: [cutAfter(MiB, b), cutAfter(1000, b)] })
  const a = origin.items.get(`a/${debPath('a')}`)!
  const wrong = otherBytes(randomBytes(debs.a.length))
  origin.items.set(`a/${debPath('a')}`, { ...a, faults: [wrong] })
  await bad(t, apt, /Err:.* a /, ...install)
  t.strictSame(apt.archives().sort(), ['b_1_all.deb', 'c_1_all.deb'])
  await good(t, apt, ...install)
})

t.test('an index of other bytes than its Release names reaches no client', async t => {
  if (!requireClient(t, 'apt-get')) return
  const { world, origin, client, publish } = await setUp(t)
  const { url } = await world.start()
  const path = 'a/dists/stable/main/binary-amd64/Packages.gz'
  const right = origin.items.get(path)!
  for (const name of [path, path.replace('.gz', '')]) {
    origin.items.set(name, { body: randomBytes(right.body.length) })
  }
  const apt = client(url, { config: noRetries })
  const failed = await apt.run(...update)
  t.not(failed.exitCode, 0)
  t.notMatch(failed.all, /Hash Sum mismatch/, 'it is not apt that finds out')
  await publish()
  await good(t, apt, ...update)
  await good(t, apt, ...install)
})

t.test('what ran out is for apt to judge, which says so', async t => {
  if (!requireClient(t, 'apt-get')) return
  const { world, publish, client } = await setUp(t)
  await publish({ validUntil: new Date(Date.now() - 86_400_000) })
  const { url } = await world.start()
  const config = 'Acquire::Check-Valid-Until "true";\nAcquire::Check-Date "true";\n'
  await bad(t, client(url, { config }), /is expired|is no longer valid/, ...update)
  await good(t, client(url), ...update)
})

t.test('a key that is taken out of the keyring vouches for nothing, held or not', async t => {
  if (!requireClient(t, 'apt-get')) return
  const { world, origin, key, publish, client } = await setUp(t)
  const daemon = await world.start()
  const keyring = join(world.folder, 'key.asc')
  const other = await makeKey('Another')
  const both = ['key', 'other'].map(name => join(world.folder, `client-${name}.asc`))
  for (const [index, each] of [key, other].entries()) writeFileSync(both[index]!, each.publicKey)
  const apt = client(daemon.url, { keyrings: both.join(), config: noRetries })
  const ask = async () => {
    const answer = await fetch(`${daemon.url}apt/a/dists/stable/InRelease`)
    return { status: answer.status, text: await answer.text() }
  }
  await good(t, apt, ...update)
  writeFileSync(keyring, other.publicKey)
  await bad(t, apt, /403/, ...update)
  t.match(await ask(), { status: 403, text: /no key of the configured keyring signed it/ })
  await publish({ version: 2, key: other })
  await good(t, apt, ...update)
  rmSync(keyring)
  await good(t, apt, ...update)
  t.match(await ask(), { status: 200, text: /version 2/ }, 'while it is written anew')
  writeFileSync(keyring, key.publicKey)
  await bad(t, apt, /403/, ...update)
  await origin.down()
  t.not((await ask()).status, 200, 'nor when nothing else can be had')
})

t.test(
  'a keyring that is not there is told, not taken for an archive without a Release',
  async t => {
    const { world } = await setUp(t)
    rmSync(join(world.folder, 'key.asc'))
    const daemon = await world.start()
    const answer = await fetch(`${daemon.url}apt/a/dists/stable/InRelease`)
    t.equal(answer.status, 500)
    t.match(await answer.text(), /the keyring of a cannot be read .*key\.asc.*config\.yaml/)
    await until(async () => /the keyring of a cannot be read/.test(daemon.log()))
  }
)

t.test(
  'kill -9 in the middle of an install, and a start: apt has all of it when it is run again',
  async t => {
    if (!requireClient(t, 'apt-get')) return
    const { world, origin, client } = await setUp(t)
    const daemon = await world.start()
    const apt = client(daemon.url, { config: noRetries })
    await good(t, apt, ...update)
    const installing = await killWithin(apt, daemon, origin)
    await world.start(['--mount', 'none', '--listen', new URL(daemon.url).host])
    // apt of one run asks no address again that it could not connect to.
    await installing.ended
    await good(t, apt, ...install)
    t.equal((await world.run(['fsck'])).status, 0)
  }
)

t.test(
  'by mirror+file: kill -9 in the middle of an install costs nothing, off and on again',
  async t => {
    if (!requireClient(t, 'apt-get')) return
    const { world, origin, client } = await setUp(t)
    const start = (listen: string) => world.start(['--mount', 'none', '--listen', listen])
    // Another address than the mirror's: apt asks none again that it could not connect to.
    const daemon = await start('127.0.0.2:0')
    const list = join(world.folder, 'a.list')
    writeFileSync(list, `${daemon.url}apt/a/\tpriority:1\n${origin.url}a/\tpriority:2\n`)
    const apt = client(daemon.url, { source: `mirror+file:${list}`, config: noRetries })
    await good(t, apt, ...update)
    const installing = await killWithin(apt, daemon, origin)
    const { exitCode, all } = await installing.ended
    t.equal(exitCode, 0) || t.comment(all)
    const off = client(daemon.url, { source: `mirror+file:${list}`, config: noRetries })
    await good(t, off, ...update)
    const again = await start(new URL(daemon.url).host)
    const asked = () =>
      origin.requests.filter(({ headers }) => /apt/i.test(`${headers['user-agent']}`))
    const before = asked().length
    const on = client(again.url, { source: `mirror+file:${list}`, config: noRetries })
    await good(t, on, ...update)
    await good(t, on, ...install)
    t.equal(asked().length, before, 'apt asks Cairn alone again')
  }
)

t.test('a disk that is full in the middle of an install is told; the rest is served', async t => {
  if (!requireClient(t, 'apt-get') || !requireRoot(t)) return
  const world = await makeWorld(t)
  mountSmallHome(t, world, 48)
  const big = randomBytes(60 * MiB)
  const { client, publish } = await setUp(t, world)
  await publish({ debs: { ...debs, big } })
  const daemon = await world.start()
  const apt = client(daemon.url, { config: noRetries })
  await good(t, apt, ...update)
  await bad(t, apt, /507/, 'install', '-y', '--download-only', 'big', 'c')
  await good(t, apt, ...install)
  t.strictSame(readdirSync(join(world.home, 'flights')), [])
  execFileSync('mount', ['-o', 'remount,size=400m', world.home])
  await good(t, apt, 'install', '-y', '--download-only', 'big')
  await world.line(['stop'])
  t.equal((await world.run(['fsck'])).status, 0)
})
