import { hash } from 'node:crypto'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
  statusOf,
  stockTarballs
} from './lan-programs.ts'

/**
 * Three machines that reach each other only by a wire on which every byte takes 10 or 100 ms. What is bounded is how
 * often somebody waits for an answer, not how long it takes: that is the same on a slow machine.
 */
const wireProgram = fileURLToPath(new URL('./delaying-wire.ts', import.meta.url))
const wireAddress = '10.77.0.8'
const size = { debs: 6, modules: 6 }
const slow = config.replace('packages:', 'rate: 2M, packages:')
/** Sequential waits that one package may cost: who has it, and its bytes. */
const turnsOfPackage = 2
/** Waits besides: connections that are opened, the names of what is there, a second try. */
const turnsBesides = 12

const bytesOf = (path: string) => readFile(path).catch(() => undefined)

t.test(
  '20 and 200 ms away: installs, a read and an update wait for few round trips; one dies, the wire breaks and heals',
  { timeout: 230_000 },
  async t => {
    if (!requireLan(t) || !requireFuse(t)) return
    if (!clients.every(client => requireClient(t, client))) return
    const lan = await makeLan(t)
    const upstream = await openUpstream(t, lan, size)
    const sizes = { big: 4_000_000, other: 300_000 }
    const tarballs = await stockTarballs(join(lan.folder, 'upstream'), sizes)
    const a = await lan.addHost(1, { network: 'lan', config: slow, isolated: true })
    const b = await lan.addHost(2, { network: 'lan', config: slow, isolated: true, mounted: true })
    const c = await lan.addHost(3, { network: 'lan', config: slow, isolated: true, mounted: true })
    const wire = await lan.addMachine(8)
    const ways = ['7020=10=10.77.0.1:7071', '7200=100=10.77.0.1:7071', '7201=100=10.77.0.2:7071']
    await wire.start(process.execPath, [wireProgram, lan.folder, wireAddress, ...ways])
    const turnsAt = async (port: number) => (await stat(join(lan.folder, `turns-${port}`))).size

    const [first, ...others] = [a, b, c].map(host => programsOf(t, host, upstream, upstream.stock))
    for (const each of [first!, ...others]) await each.learnNames()
    await first!.installDebs()
    await first!.installModules()
    for (const host of [a, b, c]) {
      for (const name of tarballs.keys()) await host.get(`/npm/${name}`)
    }
    for (const name of tarballs.keys()) await a.get(pathOf(name))
    const folder = join(lan.folder, 'shared')
    const write = async (name: string) => {
      await mkdir(folder, { recursive: true })
      const content = seededBytes(1_500_000, name)
      await writeFile(join(folder, 'file'), content)
      const { cid } = JSON.parse((await a.cairn('add', folder, '--json')).split('\n').at(-1)!)
      const { name: key } = JSON.parse(await a.cairn('publish', cid, '--json')) as { name: string }
      return { key, digest: hash('sha256', content) }
    }
    const old = await write('first')
    await upstream.machine.cable('down')

    const far = [
      { host: b, port: 7020, programs: others[0]!, ms: 20 },
      { host: c, port: 7200, programs: others[1]!, ms: 200 }
    ]
    const shown = async (host: Host, digest: string) => {
      const bytes = await bytesOf(join(host.mount, 'ipns', old.key, 'file'))
      return bytes !== undefined && hash('sha256', bytes) === digest
    }
    for (const { host, port, programs, ms } of far) {
      await host.cairn('peer', 'add', `${wireAddress}:${port}`)
      const within = async (what: string, most: number, work: () => Promise<unknown>) => {
        const before = await turnsAt(port)
        await work()
        const turns = (await turnsAt(port)) - before
        t.ok(turns <= most, `${what} over ${ms} ms: ${turns} round trips, at most ${most}`)
        t.ok(turns > 0, 'by the wire')
      }
      const ofPackages = (count: number) => count * turnsOfPackage + turnsBesides
      await within('apt-get install', ofPackages(size.debs + 1), programs.installDebs)
      await within('npm ci', ofPackages(size.modules), programs.installModules)
      await host.cairn('follow', old.key)
      await within('reading a file in the mount', turnsBesides, () =>
        until(() => shown(host, old.digest))
      )
    }
    const news = await write('second')
    t.equal(news.key, old.key)
    for (const { host, port, ms } of far) {
      const before = await turnsAt(port)
      await host.cairn('follow', old.key)
      await until(() => shown(host, news.digest))
      const turns = (await turnsAt(port)) - before
      t.ok(turns > 0 && turns <= turnsBesides, `an update over ${ms} ms: ${turns} round trips`)
    }

    for (const name of ['big', 'other']) await b.get(pathOf(name))
    await c.cairn('peer', 'add', `${wireAddress}:7201`)
    const file = join(lan.folder, 'came')
    const coming = c.run('curl', ['-sf', '-o', file, `http://127.0.0.1:7070${pathOf('big')}`])
    await until(async () => ((await bytesOf(file))?.length ?? 0) > 500_000)
    const packets = [await a.sent(), await b.sent()]
    await until(async () => (await a.sent()) + (await b.sent()) > packets[0]! + packets[1]! + 200)
    const fromA = (await a.sent()) - packets[0]! > (await b.sent()) - packets[1]!
    await (fromA ? a : b).daemon.kill()
    // The mount of what is written outlives who is killed: programs may have it open.
    if (!fromA) await b.run('umount', ['-l', join(b.mount, 'mfs')])
    await coming
    t.equal(Buffer.compare(await readFile(file), tarballs.get('big')!), 0, 'the other went on')
    await wire.cable('down')
    t.match(await statusOf(c, pathOf('other')), /^50[234]$/, 'a clear error while the wire is cut')
    await wire.cable('up')
    await until(async () => (await statusOf(c, pathOf('other'))) === '200')
    t.equal(Buffer.compare(await c.get(pathOf('other')), tarballs.get('other')!), 0, 'healed')
  }
)
