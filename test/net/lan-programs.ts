import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { makeKey } from '../../adapters/apt/openpgp/run.ts'
import { openAptClient } from '../lib/apt-client.ts'
import { seededBytes } from '../lib/deterministic.ts'
import type { Host, Lan, Machine } from '../lib/lan.ts'
import { openNpmClient } from '../lib/npm-client.ts'
import { makeImage, ociFolder } from '../lib/oci-clients.ts'
import { type Stock, type StockSize, stockUpstream, writeModule } from './stocked-upstream.ts'

/** What a host that has everything serves to the others of a LAN, and the programs that ask for it. */

export const upstreamUrl = 'http://10.77.0.9:8000/'
export const image = 'docker://127.0.0.1:7070/up.test/lib/hello'
/** Programs that a host needs to be the upstream or to install from it. */
export const clients = [
  ...['apt-get', 'dpkg-deb', 'npm', 'skopeo', 'umoci', 'gcc', 'docker-registry']
]
export const serveFolder = fileURLToPath(new URL('./serve-folder.ts', import.meta.url))

/** Of a Cairn before that host. */
export const config = `
apt: { upstreams: { debian: '${upstreamUrl}debian/' } }
npm: { upstream: '${upstreamUrl}npm/' }
oci: { upstreams: { up.test: 'http://10.77.0.9:5000/' } }
peers: { packages: [apt/debian, npm, oci/up.test] }
`

export interface UpstreamMachine {
  readonly machine: Machine
  readonly stock: Stock
  /** The public key of its archive, as a file. */
  readonly keyring: string
  /** Has more from now on; gives all of it. */
  readonly grow: (size: StockSize) => Promise<Stock>
  /** Pushes the image under another tag too. */
  readonly tag: (tag: string) => Promise<void>
}

/** The host that has everything. Its image has the tag `v1`. */
export async function openUpstream(t: Test, lan: Lan, size: StockSize): Promise<UpstreamMachine> {
  const machine = await lan.addMachine(9)
  const folder = join(lan.folder, 'upstream')
  const key = await makeKey('The archive')
  const keyring = join(lan.folder, 'archive.asc')
  await writeFile(keyring, key.publicKey)
  const grow = (to: StockSize) => stockUpstream({ folder, url: upstreamUrl, key }, to)
  const stock = await grow(size)
  await machine.start(process.execPath, [serveFolder, folder, machine.address, '8000'])
  const settings = join(lan.folder, 'registry.yml')
  const storage = `storage: {filesystem: {rootdirectory: ${join(lan.folder, 'registry')}}}`
  await writeFile(
    settings,
    `version: 0.1\nlog: {accesslog: {disabled: true}}\n${storage}\nhttp: {addr: "${machine.address}:5000"}\n`
  )
  await machine.start('sh', ['-c', `exec docker-registry serve ${settings} 2>&1`])
  const layout = await makeImage(ociFolder(t))
  const tag = async (name: string) => {
    const plain = ['--insecure-policy', 'copy', '--dest-tls-verify=false']
    const target = `docker://${machine.address}:5000/lib/hello:${name}`
    await machine.run('skopeo', [...plain, `oci:${layout}:v1`, target])
  }
  await tag('v1')
  return { machine, stock, keyring, grow, tag }
}

/** A person's programs on a host: each knows its own Cairn, and nothing else. */
export function programsOf(
  t: Test,
  host: Host,
  { keyring }: Pick<UpstreamMachine, 'keyring'>,
  { debs, modules }: Stock
) {
  const { through } = host
  const sources = [`deb [signed-by=${keyring}] http://127.0.0.1:7070/apt/debian stable main`]
  const apt = openAptClient({ sources, through })
  const npm = openNpmClient('http://127.0.0.1:7070/npm/', modules, through)
  t.teardown(() => {
    apt.remove()
    npm.remove()
  })
  const installDebs = async () => {
    const root = join(apt.root, 'system')
    await mkdir(join(root, 'var/lib/dpkg/info'), { recursive: true })
    await mkdir(join(root, 'var/lib/dpkg/updates'), { recursive: true })
    await writeFile(join(root, 'var/lib/dpkg/status'), '')
    const options = [`DPkg::Options::=--root=${root}`, 'DPkg::Options::=--force-unsafe-io']
    const dpkg = options.flatMap(option => ['-o', option])
    const done = await apt.run('install', '-y', ...dpkg, 'all')
    t.equal(done.exitCode, 0, lastOf(done.all))
    const installed = await readdir(join(root, 'usr/share/probe'))
    t.equal(installed.length, debs.length + 1, 'apt-get unpacked every package')
  }
  return {
    /** What is to be had, and in which version: all that is asked by name. */
    async learnNames(): Promise<void> {
      const updated = await apt.run('update')
      t.equal(updated.exitCode, 0, lastOf(updated.all))
      const locked = await npm.run('install', '--package-lock-only')
      t.equal(locked.exitCode, 0, lastOf(locked.all))
      await host.run('skopeo', ['inspect', '--tls-verify=false', `${image}:v1`])
    },
    installDebs,
    async installModules(): Promise<void> {
      const clean = await npm.run('ci')
      t.equal(clean.exitCode, 0, lastOf(clean.all))
      t.equal(npm.installed().length, Object.keys(modules).length, 'npm ci')
    },
    /** Gives the folder of the copied layout; its tag is `copy`. */
    async copyImage(tag = 'v1'): Promise<string> {
      const copy = join(apt.root, `image-${tag}`)
      const plain = ['--insecure-policy', 'copy', '--src-tls-verify=false']
      await host.run('skopeo', [...plain, `${image}:${tag}`, `oci:${copy}:copy`])
      const blobs = await readdir(join(copy, 'blobs/sha256'))
      t.equal(blobs.length, 4, 'skopeo has manifest, config and layers')
      return copy
    }
  }
}

/** Of a package that `stockTarballs` made. */
export const pathOf = (name: string) => `/npm/${name}/-/${name}-1.0.0.tgz`

/** The status of an answer that comes within 25 seconds: apt-get waits for 30. */
export async function statusOf(host: Host, path: string): Promise<string> {
  const plain = ['-s', '-o', '/dev/null', '--max-time', '25', '-w', '%{http_code}']
  return await host.run('curl', [...plain, `http://127.0.0.1:7070${path}`])
}

/** Packages of any bytes: nobody unpacks them. */
export async function stockTarballs(
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

/** The end of what a program said: all of it is too long to be read. */
function lastOf(said: unknown): string {
  return String(said).slice(-300)
}
