import { hash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../cli/run-cairn.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { type Host, makeLan, requireLan } from '../lib/lan.ts'
import { requireClient, requireFuse } from '../lib/skip.ts'
import {
  clients,
  config,
  openUpstream,
  pathOf,
  programsOf,
  serveFolder,
  statusOf,
  stockTarballs
} from './lan-programs.ts'

/** Three machines with Cairn, and one that has everything: then it is gone, and they have what they have. */

const peersOf = async (host: Host): Promise<Array<{ kind: string; bytes: number }>> =>
  (await host.cairn('peers', '--json'))
    .split('\n')
    .flatMap(line => (line === '' ? [] : [JSON.parse(line)]))

const taken = async (host: Host): Promise<number> =>
  (await peersOf(host)).reduce((sum, { bytes }) => sum + bytes, 0)

const knowsPeers = (host: Host, count: number) =>
  until(async () => (await peersOf(host)).filter(({ kind }) => kind === 'libp2p').length >= count)

t.test(
  'one machine has 100 debs, an npm project, an image and a folder; two more install with the upstream gone',
  { timeout: 170_000 },
  async t => {
    if (!requireLan(t) || !requireFuse(t)) return
    if (!clients.every(client => requireClient(t, client))) return
    const lan = await makeLan(t)
    const upstream = await openUpstream(t, lan, { debs: 100, modules: 30 })
    const [a, b, c] = [
      await lan.addHost(1, { network: 'lan', config }),
      await lan.addHost(2, { network: 'lan', config, mounted: true }),
      await lan.addHost(3, { network: 'lan', config, mounted: true })
    ]
    const first = programsOf(t, a, upstream, upstream.stock)
    await first.learnNames()
    await installAll(first)
    const others = [b, c].map(host => ({ host, ...programsOf(t, host, upstream, upstream.stock) }))
    for (const { learnNames } of others) await learnNames()

    const folder = join(lan.folder, 'shared')
    await mkdir(join(folder, 'deep'), { recursive: true })
    const content = seededBytes(20_000_000, 'shared')
    await writeFile(join(folder, 'deep', 'file'), content)
    const { cid } = JSON.parse(await a.cairn('add', folder, '--json').then(lastLine))
    const { name } = JSON.parse(await a.cairn('publish', cid, '--json')) as { name: string }

    await upstream.machine.cable('down')
    for (const { host } of others) await knowsPeers(host, 2)
    const before = await Promise.all(others.map(({ host }) => taken(host)))
    await Promise.all(others.map(installAll))
    for (const [index, { host }] of others.entries()) {
      const moved = (await taken(host)) - before[index]!
      t.ok(moved > 100 * 50_000, `the bytes came from peers: ${moved}`)
    }
    await Promise.all(
      others.map(async ({ host }) => {
        await host.cairn('follow', name)
        const path = join(host.mount, 'ipns', name, 'deep', 'file')
        await until(() =>
          readFile(path).then(
            () => true,
            () => false
          )
        )
        t.equal(hash('sha256', await readFile(path)), hash('sha256', content), 'in the mount')
      })
    )
  }
)

async function installAll(programs: ReturnType<typeof programsOf>): Promise<void> {
  await programs.installDebs()
  await programs.installModules()
  await programs.copyImage()
}

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)!

t.test(
  'one dies while it sends, the network falls apart and heals',
  { timeout: 120_000 },
  async t => {
    if (!requireLan(t)) return
    const lan = await makeLan(t)
    const folder = join(lan.folder, 'upstream')
    const sizes = { big: 12_000_000, other: 300_000, later: 200_000, never: 100_000 }
    const tarballs = await stockTarballs(folder, sizes)
    const upstream = await lan.addMachine(9)
    await upstream.start(process.execPath, [serveFolder, folder, upstream.address, '8000'])
    const slow = config.replace('packages:', 'rate: 2M, packages:')
    const a = await lan.addHost(1, { network: 'lan', config: slow })
    const b = await lan.addHost(2, { network: 'lan', config })
    const c = await lan.addHost(3, { network: 'lan', config: slow })
    for (const host of [a, b, c]) for (const name of tarballs.keys()) await host.get(`/npm/${name}`)
    for (const host of [a, c]) {
      for (const name of ['big', 'other', 'later']) await host.get(pathOf(name))
    }
    await upstream.cable('down')
    await knowsPeers(b, 2)

    const file = join(lan.folder, 'came')
    const coming = b.run('curl', ['-sf', '-o', file, `http://127.0.0.1:7070${pathOf('big')}`])
    await until(async () => ((await stat(file).catch(() => undefined))?.size ?? 0) > 1_000_000)
    const packets = [await a.sent(), await c.sent()]
    await until(async () => (await a.sent()) + (await c.sent()) > packets[0]! + packets[1]! + 200)
    const fromA = (await a.sent()) - packets[0]! > (await c.sent()) - packets[1]!
    const [dying, living] = fromA ? [a, c] : [c, a]
    await dying.daemon.kill()
    await coming
    t.equal(Buffer.compare(await readFile(file), tarballs.get('big')!), 0, 'the other went on')

    await living.cable('down')
    t.match(await statusOf(b, pathOf('other')), /^50[234]$/, 'a clear error while it is cut off')
    await living.cable('up')
    await until(async () => (await statusOf(b, pathOf('other'))) === '200')
    t.equal(Buffer.compare(await b.get(pathOf('other')), tarballs.get('other')!), 0, 'healed')

    t.match(await statusOf(b, pathOf('never')), /^50[234]$/, 'what nobody has')
    await living.daemon.kill()
    t.match(await statusOf(b, pathOf('later')), /^50[234]$/, 'nobody is there')
    t.equal(Buffer.compare(await b.get(pathOf('big')), tarballs.get('big')!), 0, 'it lives on')
  }
)
