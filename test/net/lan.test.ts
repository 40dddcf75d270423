import { execFile, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { program, until } from '../cli/run-cairn.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { requireClient, requireRoot } from '../lib/skip.ts'

const run = promisify(execFile)
const tarball = seededBytes(8_000_000, 'tarball')

/** An npm registry with one package, for `node -e`. */
const registry = (file: string) => `
  const { createServer } = require('node:http')
  const { readFileSync } = require('node:fs')
  const { createHash } = require('node:crypto')
  const bytes = readFileSync(${JSON.stringify(file)})
  const base = 'http://10.77.0.9:8000/'
  const integrity = 'sha512-' + createHash('sha512').update(bytes).digest('base64')
  const version = { name: 'probe', version: '1.0.0', dist: { tarball: base + 'probe/-/probe-1.0.0.tgz', integrity } }
  const packument = JSON.stringify({ name: 'probe', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } })
  createServer((request, response) => response.end(request.url === '/probe' ? packument : bytes))
    .listen(8000, '10.77.0.9', () => console.log('ready'))`

interface Host {
  readonly space: string
  readonly home: string
  /** Bytes at a path of this host's own Cairn. */
  get: (path: string) => Promise<Buffer>
  cairn: (...args: string[]) => Promise<string>
  /** Packets that left by its one link. */
  sent: () => Promise<number>
}

/** A network of hosts on one bridge, each in a namespace; gone with the test. */
async function makeLan(t: Test) {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-lan-'))
  const id = `cn${process.pid % 10_000}`
  const ip = (...args: string[]) => run('ip', args)
  const spaces: string[] = []
  await ip('netns', 'add', `${id}-lan`)
  spaces.push(`${id}-lan`)
  t.teardown(async () => {
    for (const space of spaces) await ip('netns', 'del', space)
    await rm(folder, { recursive: true, force: true })
  })
  await ip('-n', `${id}-lan`, 'link', 'add', 'br0', 'type', 'bridge')
  await ip('-n', `${id}-lan`, 'link', 'set', 'br0', 'up')
  const addSpace = async (number: number): Promise<string> => {
    const space = `${id}-${number}`
    await ip('netns', 'add', space)
    spaces.push(space)
    const inside = ['netns', 'exec', space]
    await ip(
      ...inside,
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'
    )
    await ip(
      '-n',
      `${id}-lan`,
      'link',
      'add',
      `v${number}`,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      space
    )
    await ip('-n', `${id}-lan`, 'link', 'set', `v${number}`, 'master', 'br0', 'up')
    await ip('-n', space, 'addr', 'add', `10.77.0.${number}/24`, 'dev', 'eth0')
    for (const link of ['lo', 'eth0']) await ip('-n', space, 'link', 'set', link, 'up')
    await ip('-n', space, 'route', 'add', 'default', 'dev', 'eth0')
    return space
  }
  const inSpace = async (space: string, args: readonly string[]) => {
    const child = spawn('ip', ['netns', 'exec', space, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'ignore']
    })
    t.teardown(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    })
    await once(child.stdout, 'data')
    return child
  }
  const addHost = async (number: number, network: string): Promise<Host> => {
    const space = await addSpace(number)
    const home = join(folder, `home-${number}`)
    await mkdir(home)
    const config = 'npm:\n  upstream: http://10.77.0.9:8000/\npeers:\n  packages: [npm]\n'
    await writeFile(join(home, 'config.yaml'), config)
    const listen = ['--mount', 'none', '--listen', '127.0.0.1:7070', '--network', network]
    await inSpace(space, [program, 'start', '--home', home, ...listen])
    return {
      space,
      home,
      get: async path => {
        const url = `http://127.0.0.1:7070${path}`
        const inside = ['netns', 'exec', space, 'curl', '-sf', '--max-time', '60', url]
        const options = { encoding: 'buffer' as const, maxBuffer: 2 ** 25 }
        return (await run('ip', inside, options)).stdout
      },
      cairn: async (...args) => (await run(program, [...args, '--home', home])).stdout,
      sent: async () => {
        const { stdout } = await ip('-n', space, '-j', '-s', 'link', 'show', 'eth0')
        return JSON.parse(stdout)[0].stats64.tx.packets
      }
    }
  }
  const file = join(folder, 'probe.tgz')
  await writeFile(file, tarball)
  const openRegistry = async () =>
    await inSpace(await addSpace(9), [process.execPath, '-e', registry(file)])
  const cut = (number: number) => ip('-n', `${id}-lan`, 'link', 'set', `v${number}`, 'down')
  return { addHost, openRegistry, cut }
}

t.test(
  'hosts of a LAN: the upstream goes, one has the package, the other gets it from there',
  async t => {
    if (!requireRoot(t) || !requireClient(t, 'ip') || !requireClient(t, 'curl')) return
    const lan = await makeLan(t)
    await lan.openRegistry()
    const a = await lan.addHost(1, 'lan')
    const b = await lan.addHost(2, 'lan')
    const path = '/npm/probe/-/probe-1.0.0.tgz'
    await a.get('/npm/probe')
    t.equal(Buffer.compare(await a.get(path), tarball), 0, 'warmed from the upstream')
    await b.get('/npm/probe')
    await lan.cut(9)
    await until(async () => (await b.cairn('peers')).includes('libp2p'))
    const got = await b.get(path)
    t.equal(hash('sha256', got, 'hex'), hash('sha256', tarball, 'hex'), 'from the other host')
    const peers = await b.cairn('peers', '--json')
    t.match(peers, new RegExp(`"bytes":${tarball.length}`))
  }
)

t.test('with the network off not a packet leaves', async t => {
  if (!requireRoot(t) || !requireClient(t, 'ip') || !requireClient(t, 'curl')) return
  const lan = await makeLan(t)
  const quiet = await lan.addHost(4, 'off')
  await quiet.cairn('peer', 'add', '10.77.0.9')
  await t.rejects(quiet.get('/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'))
  await quiet.cairn('status')
  t.equal(await quiet.sent(), 0)
  const open = await lan.addHost(5, 'lan')
  await until(async () => (await open.sent()) > 0)
  t.pass('while with lan it looks for others')
})

t.test(
  'what one host publishes another follows and reads; what is not published is not found',
  async t => {
    if (!requireRoot(t) || !requireClient(t, 'ip') || !requireClient(t, 'curl')) return
    const lan = await makeLan(t)
    const a = await lan.addHost(1, 'lan')
    const b = await lan.addHost(2, 'lan')
    const add = async (name: string, text: string | Buffer) => {
      await writeFile(join(a.home, name), text)
      return JSON.parse(await a.cairn('add', join(a.home, name), '--json')).cid as string
    }
    const first = await add('first', tarball)
    const secret = await add('secret', 'nobody else is to read this')
    const published = JSON.parse(await a.cairn('publish', first, '--json')) as { name: string }
    await until(async () => (await b.cairn('peers')).includes('libp2p'))
    await b.cairn('follow', published.name)
    const path = `/ipns/${published.name}`
    await until(
      async () =>
        await b.get(path).then(
          () => true,
          () => false
        )
    )
    t.equal(Buffer.compare(await b.get(path), tarball), 0, 'followed, and read block by block')
    await t.rejects(b.get(`/ipfs/${secret}`), 'what was not published')
    const second = await add('second', 'a new version')
    await a.cairn('publish', second)
    await until(async () => (await b.get(path)).toString() === 'a new version')
    t.pass('the follower is told of a new version')
  }
)
