import { spawnSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openFakeOrigin, sha256Hex, status } from '../lib/fake-origin.ts'
import { requireRoot } from '../lib/skip.ts'
import { makeWorld, program, until, type World } from './run-cairn.ts'

async function findings(world: World, args: readonly string[] = []) {
  const { status, stdout } = await world.run([
    'doctor',
    '--json',
    '--listen',
    '127.0.0.1:0',
    ...args
  ])
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  return { status, of: (check: string) => lines.find(finding => finding.check === check) }
}

async function makeHome(t: Test): Promise<World> {
  const world = await makeWorld(t)
  await mkdir(world.home, { mode: 0o700 })
  return world
}

t.test('a machine and a home that are well: status 0', async t => {
  const world = await makeHome(t)
  const { status, of } = await findings(world, ['--mount', 'none'])
  t.equal(status, 0)
  t.match(of('runtime'), { verdict: 'ok' })
  t.match(of('home'), { verdict: 'ok', found: world.home })
})

t.test('a home open to others is a warning with the command that closes it', async t => {
  const world = await makeHome(t)
  await chmod(world.home, 0o755)
  const { status, of } = await findings(world, ['--mount', 'none'])
  t.equal(status, 0)
  t.match(of('home'), { verdict: 'warn', advice: `chmod 700 ${world.home}` })
})

t.test('a database that is none fails, and the rest is still checked', async t => {
  const world = await makeHome(t)
  await writeFile(join(world.home, 'cairn.db'), 'not a database at all '.repeat(100))
  const { status, of } = await findings(world, ['--mount', 'none'])
  t.equal(status, 1)
  t.match(of('database'), { verdict: 'fail' })
  t.match(of('port'), { verdict: 'ok' })
})

t.test('a port that another program has fails, and says what to do', async t => {
  const world = await makeHome(t)
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const args = ['--mount', 'none', '--listen', `127.0.0.1:${port}`]
  const { status, of } = await findings(world, args)
  t.equal(status, 1)
  t.match(of('port'), { verdict: 'fail', found: `127.0.0.1:${port}: EADDRINUSE`, advice: String })
})

t.test('a mount folder whose trees hold files fails, and names them', async t => {
  const world = await makeHome(t)
  const mount = join(world.folder, 'm')
  await mkdir(join(mount, 'mfs'), { recursive: true })
  await writeFile(join(mount, 'mfs', 'precious'), '')
  const { of } = await findings(world, ['--mount', mount])
  t.match(of('mount folder'), { verdict: 'fail', found: new RegExp(join(mount, 'mfs')) })
})

t.test('beside a daemon: it is seen, its port and its home are well', async t => {
  const world = await makeWorld(t)
  const { child } = await world.start()
  const { status, of } = await findings(world, ['--mount', 'none'])
  t.equal(status, 0)
  t.match(of('daemon'), { found: `running, process ${child.pid}` })
  t.match(of('port'), { found: /^the daemon has 127\.0\.0\.1:\d+$/ })
  const elsewhere = await world.run([
    'doctor',
    '--json',
    '--mount',
    'none',
    '--listen',
    '127.0.0.1:1'
  ])
  t.match(elsewhere.stdout, /the daemon listens on \S+, the settings say 127\.0\.0\.1:1/)
})

t.test('what the running daemon could not mount fails, whatever the settings say now', async t => {
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  await mkdir(mount)
  for (const tree of ['ipfs', 'mfs', 'pkg']) await writeFile(join(mount, tree), 'in the way')
  await world.start(['--mount', mount])
  const { status, of } = await findings(world, ['--mount', 'none'])
  t.equal(status, 1)
  t.match(of('mount folder'), { verdict: 'fail', found: `${join(mount, 'ipfs')} is not mounted: ` })
})

t.test(
  'what failed of an upstream is told until it works again; a keyring that lacks fails',
  async t => {
    const world = await makeHome(t)
    const origin = await openFakeOrigin()
    t.teardown(() => origin.close())
    const config = join(world.home, 'config.yaml')
    await writeFile(config, `apt: {upstreams: {a: "${origin.url}a/"}}\n`)
    const daemon = await world.start()
    const ask = async (path: string) => (await fetch(`${daemon.url}apt/a/${path}`)).status
    const upstreams = async () => (await findings(world, ['--mount', 'none'])).of('upstreams')
    t.match(await upstreams(), { verdict: 'ok', found: /nothing failed/ })
    const right = Buffer.from('right')
    const path = `dists/x/by-hash/SHA256/${sha256Hex(right)}`
    const failing = Array.from({ length: 100 }, () => status(500))
    origin.items.set(`a/${path}`, { body: right, faults: failing })
    t.equal(await ask(path), 502)
    t.match(await upstreams(), { verdict: 'warn', found: /^.*127\.0\.0\.1:\d+, .*answered 500/ })
    t.match(await world.line(['status']), /trouble {3}http:\/\/127\.0\.0\.1:\d+, .*answered 500/)
    origin.items.set(`a/${path}`, { body: Buffer.from('wrong') })
    await ask(path).catch(() => {})
    await until(async () => /is sha256:.*the index says/.test((await upstreams()).found))
    origin.items.set(`a/${path}`, { body: right })
    t.equal(await ask(path), 200)
    await until(async () => (await upstreams()).verdict === 'ok')
    await world.line(['stop'])
    const keyring = join(world.folder, 'none.gpg')
    await writeFile(
      config,
      `apt: {upstreams: {a: {url: "${origin.url}a/", keyring: ${keyring}}}}\n`
    )
    t.match(await upstreams(), { verdict: 'fail', found: /keyring of apt\/a.*none\.gpg/ })
  }
)

t.test('a /dev/fuse that is something else fails', async t => {
  if (!requireRoot(t)) return
  const world = await makeHome(t)
  const doctor = `mount --bind /dev/null /dev/fuse && exec "$0" doctor --json --listen 127.0.0.1:0`
  const shell = ['-m', 'sh', '-c', doctor, program]
  const environment = { ...process.env, CAIRN_HOME: world.home, HOME: world.folder }
  const { stdout, status } = spawnSync('unshare', shell, { env: environment, encoding: 'utf8' })
  t.equal(status, 1)
  t.match(stdout, /"check":"\/dev\/fuse","verdict":"fail","found":"something else stands there/)
})

t.test('a daemon that hangs is one finding, after a while, and the rest is checked', async t => {
  const world = await makeWorld(t)
  const { child } = await world.start()
  child.kill('SIGSTOP')
  t.teardown(() => child.kill('SIGCONT'))
  const [{ status, of }, told] = await Promise.all([
    findings(world, ['--mount', 'none']),
    world.run(['status'])
  ])
  child.kill('SIGCONT')
  t.equal(status, 1)
  t.match(of('control socket'), { verdict: 'fail', found: /does not answer: it hangs/ })
  t.match(of('database'), { verdict: 'ok' })
  t.match(told, { status: 1, stderr: /does not answer: it hangs/ })
})

t.test('npm that asks Cairn is told of where Cairn is elsewhere, or does not run', async t => {
  const world = await makeHome(t)
  const args = ['doctor', '--json', '--mount', 'none']
  const found = async (...more: string[]) => {
    const { stdout } = await world.run([...args, ...more])
    const lines = stdout.trimEnd().split('\n')
    return lines.map(line => JSON.parse(line)).find(({ check }) => check === 'npm')
  }
  const ask = (address: string) =>
    writeFile(join(world.folder, '.npmrc'), `registry=http://${address}/npm/\n`)
  t.match(await found(), { verdict: 'ok', found: /does not ask/ })
  await writeFile(join(world.folder, '.npmrc'), 'registry=https://registry.example/\n')
  t.match(await found(), { verdict: 'ok', found: /does not ask/ })
  await ask('127.0.0.1:7')
  t.match(await found('--listen', '127.0.0.1:7'), { verdict: 'warn', found: /none runs/ })
  t.match(await found('--listen', '127.0.0.1:8'), { verdict: 'warn', advice: /again/ })
  const { url } = await world.start()
  t.match(await found(), { verdict: 'warn', advice: /again/ })
  await ask(new URL(url).host)
  t.match(await found(), { verdict: 'ok', found: `asks Cairn at ${new URL(url).host}` })
})
