import { hash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { until } from '../cli/run-cairn.ts'
import { openAptClient } from '../lib/apt-client.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { type Host, type Lan, type Machine, makeLan, requireLan } from '../lib/lan.ts'
import { openNpmClient } from '../lib/npm-client.ts'
import { makeImage, ociFolder } from '../lib/oci-clients.ts'
import { requireClient, requireFuse } from '../lib/skip.ts'
import { type Stock, stockUpstream, writeModule } from './stocked-upstream.ts'

/** Three machines with Cairn, and one that has everything: then it is gone, and they have what they have. */

const upstreamUrl = 'http://10.77.0.9:8000/'
const image = 'docker://127.0.0.1:7070/up.test/lib/hello:v1'
const serveFolder = fileURLToPath(new URL('./serve-folder.ts', import.meta.url))

const config = `
apt: { upstreams: { debian: '${upstreamUrl}debian/' } }
npm: { upstream: '${upstreamUrl}npm/' }
oci: { upstreams: { up.test: 'http://10.77.0.9:5000/' } }
peers: { packages: [apt/debian, npm, oci/up.test] }
`

async function openUpstream(t: Test, lan: Lan): Promise<{ machine: Machine; stock: Stock }> {
  const machine = await lan.addMachine(9)
  const folder = join(lan.folder, 'upstream')
  const stock = await stockUpstream(folder, upstreamUrl)
  await machine.start(process.execPath, [serveFolder, folder, machine.address, '8000'])
  const settings = join(lan.folder, 'registry.yml')
  const storage = `storage: {filesystem: {rootdirectory: ${join(lan.folder, 'registry')}}}`
  await writeFile(
    settings,
    `version: 0.1\nlog: {accesslog: {disabled: true}}\n${storage}\nhttp: {addr: "${machine.address}:5000"}\n`
  )
  await machine.start('sh', ['-c', `exec docker-registry serve ${settings} 2>&1`])
  const layout = await makeImage(ociFolder(t))
  const plain = ['--insecure-policy', 'copy', '--dest-tls-verify=false']
  const target = `docker://${machine.address}:5000/lib/hello:v1`
  await machine.run('skopeo', [...plain, `oci:${layout}:v1`, target])
  return { machine, stock }
}

/** A person's programs on a host: each knows its own Cairn, and nothing else. */
function programsOf(t: Test, host: Host, { debs, modules }: Stock) {
  const { through } = host
  const sources = ['deb [trusted=yes] http://127.0.0.1:7070/apt/debian stable main']
  const apt = openAptClient({ sources, through })
  const npm = openNpmClient('http://127.0.0.1:7070/npm/', modules, through)
  t.teardown(() => {
    apt.remove()
    npm.remove()
  })
  return {
    /** What is to be had, and in which version: all that is asked by name. */
    async learnNames(): Promise<void> {
      t.equal((await apt.run('update')).exitCode, 0)
      const locked = await npm.run('install', '--package-lock-only')
      t.equal(locked.exitCode, 0, String(locked.all))
      await host.run('skopeo', ['inspect', '--tls-verify=false', image])
    },
    async install(): Promise<void> {
      const root = join(host.home, '..', `root-${host.address}`)
      await mkdir(join(root, 'var/lib/dpkg/info'), { recursive: true })
      await mkdir(join(root, 'var/lib/dpkg/updates'), { recursive: true })
      await writeFile(join(root, 'var/lib/dpkg/status'), '')
      const dpkg = [
        '-o',
        `DPkg::Options::=--root=${root}`,
        '-o',
        'DPkg::Options::=--force-unsafe-io'
      ]
      const done = await apt.run('install', '-y', ...dpkg, 'all')
      t.equal(done.exitCode, 0, String(done.all))
      const installed = await readdir(join(root, 'usr/share/probe'))
      t.equal(installed.length, debs.length + 1, 'apt-get unpacked every package')
      const clean = await npm.run('ci')
      t.equal(clean.exitCode, 0, String(clean.all))
      t.equal(npm.installed().length, Object.keys(modules).length, 'npm ci')
      const copy = join(host.home, '..', `image-${host.address}`)
      await host.run('skopeo', [
        ...['--insecure-policy', 'copy', '--src-tls-verify=false'],
        ...[image, `dir:${copy}`]
      ])
      t.ok((await readdir(copy)).length >= 4, 'skopeo has manifest, config and layers')
    }
  }
}

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
    for (const client of ['apt-get', 'dpkg-deb', 'npm', 'skopeo', 'umoci', 'docker-registry']) {
      if (!requireClient(t, client)) return
    }
    const lan = await makeLan(t)
    const { machine: upstream, stock } = await openUpstream(t, lan)
    const [a, b, c] = [
      await lan.addHost(1, { network: 'lan', config }),
      await lan.addHost(2, { network: 'lan', config, mounted: true }),
      await lan.addHost(3, { network: 'lan', config, mounted: true })
    ]
    const first = programsOf(t, a, stock)
    await first.learnNames()
    await first.install()
    const others = [b, c].map(host => ({ host, ...programsOf(t, host, stock) }))
    for (const { learnNames } of others) await learnNames()

    const folder = join(lan.folder, 'shared')
    await mkdir(join(folder, 'deep'), { recursive: true })
    const content = seededBytes(20_000_000, 'shared')
    await writeFile(join(folder, 'deep', 'file'), content)
    const { cid } = JSON.parse(await a.cairn('add', folder, '--json').then(lastLine))
    const { name } = JSON.parse(await a.cairn('publish', cid, '--json')) as { name: string }

    await upstream.cable('down')
    for (const { host } of others) await knowsPeers(host, 2)
    const before = await Promise.all(others.map(({ host }) => taken(host)))
    await Promise.all(others.map(({ install }) => install()))
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

const pathOf = (name: string) => `/npm/${name}/-/${name}-1.0.0.tgz`

/** The status of an answer that comes within 25 seconds: apt-get waits for 30. */
async function statusOf(host: Host, path: string): Promise<string> {
  const plain = ['-s', '-o', '/dev/null', '--max-time', '25', '-w', '%{http_code}']
  return await host.run('curl', [...plain, `http://127.0.0.1:7070${path}`])
}

/** Packages of any bytes: nobody unpacks them. */
async function stockTarballs(
  folder: string,
  sizes: Readonly<Record<string, number>>
): Promise<Map<string, Buffer>> {
  const made = new Map<string, Buffer>()
  for (const [name, size] of Object.entries(sizes)) {
    const bytes = seededBytes(size, name)
    await writeModule(join(folder, 'npm'), { name, bytes, url: `${upstreamUrl}npm/` })
    made.set(name, bytes)
  }
  return made
}
