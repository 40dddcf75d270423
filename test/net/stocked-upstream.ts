import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { KeyPair } from '../../adapters/apt/openpgp/jobs.ts'
import { sign } from '../../adapters/apt/openpgp/run.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { integrityOf, makeTarball } from '../lib/npm-package.ts'

export interface Stock {
  /** Of the packages, all of them dependencies of `all`. */
  readonly debs: readonly string[]
  /** What an npm project depends on. */
  readonly modules: Readonly<Record<string, string>>
}

/** How many packages of each; more of them a second time are a newer archive, and add to what is there. */
export interface StockSize {
  readonly debs: number
  readonly modules: number
}

export interface Upstream {
  readonly folder: string
  readonly url: string
  /** The archive is signed with it. */
  readonly key: KeyPair
}

/** Fills a folder with a signed archive below `debian`, and with what a registry answers below `npm`. */
export async function stockUpstream(upstream: Upstream, size: StockSize): Promise<Stock> {
  const { folder, url } = upstream
  const debs = Array.from({ length: size.debs }, (_, index) => `probe${index}`)
  const modules = Array.from({ length: size.modules }, (_, index) => `module${index}`)
  await makeArchive(join(folder, 'debian'), debs, upstream.key)
  await Promise.all(modules.map(name => makeModule(join(folder, 'npm'), name, `${url}npm/`)))
  return { debs, modules: Object.fromEntries(modules.map(name => [name, '1.0.0'])) }
}

async function makeArchive(folder: string, debs: readonly string[], key: KeyPair): Promise<void> {
  const pool = join(folder, 'pool')
  await mkdir(pool, { recursive: true })
  const entries: string[] = []
  for (const name of debs) entries.push(await makeDeb(pool, { name, version: 1 }))
  const depends = `Depends: ${debs.join(', ')}\n`
  entries.push(await makeDeb(pool, { name: 'all', version: debs.length, depends }))
  const index = Buffer.from(entries.join('\n'))
  const dist = join(folder, 'dists/stable')
  await mkdir(join(dist, 'main/binary-amd64'), { recursive: true })
  await writeFile(join(dist, 'main/binary-amd64/Packages'), index)
  const line = ` ${sha256(index)} ${index.length} main/binary-amd64/Packages`
  const release = `Suite: stable\nCodename: stable\nArchitectures: amd64\nComponents: main\nDate: ${new Date().toUTCString()}\nSHA256:\n${line}\n`
  await writeFile(join(dist, 'InRelease'), (await sign(key.privateKey, release)).inline)
}

interface Deb {
  readonly name: string
  readonly version: number
  readonly depends?: string
}

/** Builds it and gives its entry of the index. */
async function makeDeb(pool: string, { name, version, depends = '' }: Deb): Promise<string> {
  const tree = join(pool, '..', 'trees', name)
  await mkdir(join(tree, 'DEBIAN'), { recursive: true })
  await mkdir(join(tree, 'usr/share/probe'), { recursive: true })
  await writeFile(join(tree, 'usr/share/probe', name), seededBytes(50_000, name))
  const control = `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: a <a@example>\n${depends}Description: probe\n`
  await writeFile(join(tree, 'DEBIAN/control'), control)
  const file = join(pool, `${name}_${version}_amd64.deb`)
  await execa('dpkg-deb', ['--root-owner-group', '-Zgzip', '-z1', '--build', tree, file])
  const bytes = await readFile(file)
  return `${control}Filename: pool/${name}_${version}_amd64.deb\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`
}

async function makeModule(folder: string, name: string, url: string): Promise<void> {
  const content = seededBytes(60_000, name).toString('base64')
  const manifest = JSON.stringify({ name, version: '1.0.0' })
  const bytes = await makeTarball({ 'package.json': manifest, 'index.js': content })
  await writeModule(folder, { name, bytes, url })
}

/** The files by which a registry at `url` offers version 1.0.0 of a package. */
export async function writeModule(
  folder: string,
  { name, bytes, url }: { name: string; bytes: Uint8Array; url: string }
): Promise<void> {
  await mkdir(join(folder, name, '-'), { recursive: true })
  await writeFile(join(folder, name, '-', `${name}-1.0.0.tgz`), bytes)
  const dist = { tarball: `${url}${name}/-/${name}-1.0.0.tgz`, integrity: integrityOf(bytes) }
  const versions = { '1.0.0': { name, version: '1.0.0', dist } }
  const packument = { name, 'dist-tags': { latest: '1.0.0' }, versions }
  await writeFile(join(folder, `${name}.json`), JSON.stringify(packument))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
