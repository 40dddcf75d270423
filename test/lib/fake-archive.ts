import { gzipSync } from 'node:zlib'
import type { KeyPair } from '../../adapters/apt/openpgp/jobs.ts'
import { sign } from '../../adapters/apt/openpgp/run.ts'
import { type FakeOrigin, sha256Hex } from './fake-origin.ts'

export interface ArchiveVersion {
  /** Stands in every index, so that one of another version is told apart. */
  readonly version: number
  readonly suite?: string
  /** Also offers `by-hash`; the files of versions before stay there. */
  readonly byHash?: boolean
  /** Signs it; unsigned (Release only) without. */
  readonly key?: KeyPair
  /** Release and Release.gpg instead of InRelease. */
  readonly apart?: boolean
  readonly architectures?: readonly string[]
  /** More files below the suite's folder that the Release names. */
  readonly more?: Readonly<Record<string, Buffer>>
  /** Packages by name, besides `probe`: version 1, of any bytes. */
  readonly debs?: Readonly<Record<string, Buffer>>
  /** When clients are to believe it no more. */
  readonly validUntil?: Date
}

/** The text of a version's index of packages. */
export function packagesText(version: number, architecture = 'amd64'): string {
  return `Package: probe\nVersion: ${version}\nArchitecture: ${architecture}\nMaintainer: a <a@example>\nFilename: pool/probe_${version}_${architecture}.deb\nSize: 3\nSHA256: ${sha256Hex(Buffer.from('deb'))}\nDescription: version ${version}\n\n`
}

export function debPath(name: string): string {
  return `pool/${name}_1_all.deb`
}

function debText(name: string, bytes: Buffer): string {
  return `Package: ${name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example>\nFilename: ${debPath(name)}\nSize: ${bytes.length}\nSHA256: ${sha256Hex(bytes)}\nDescription: ${name}\n\n`
}

/** What a version consists of, by path below the archive: all but the signed documents. */
function indexes({
  version,
  architectures = ['amd64'],
  more = {},
  debs = {}
}: ArchiveVersion): Map<string, Buffer> {
  const files = new Map<string, Buffer>(Object.entries(more))
  const stanzas = Object.entries(debs).map(([name, bytes]) => debText(name, bytes))
  for (const architecture of architectures) {
    const text = Buffer.from(packagesText(version, architecture) + stanzas.join(''))
    files.set(`main/binary-${architecture}/Packages`, text)
    files.set(`main/binary-${architecture}/Packages.gz`, gzipSync(text))
  }
  return files
}

/** Puts the signed documents of a version there, and only those: as a mirror in the middle of a change. */
export async function publishRelease(
  origin: FakeOrigin,
  base: string,
  options: ArchiveVersion
): Promise<void> {
  const {
    suite = 'stable',
    byHash = false,
    key,
    apart = false,
    architectures = ['amd64'],
    validUntil
  } = options
  const folder = `${base}dists/${suite}/`
  const lines = [...indexes(options)].map(
    ([path, bytes]) => ` ${sha256Hex(bytes)} ${bytes.length} ${path}`
  )
  const until = validUntil === undefined ? '' : `Valid-Until: ${validUntil.toUTCString()}\n`
  const text = `Origin: test\nLabel: test\nDescription: version ${options.version}\nSuite: ${suite}\nCodename: ${suite}\nArchitectures: ${architectures.join(' ')}\nComponents: main\nDate: ${new Date(1.7e12 + options.version * 1000).toUTCString()}\n${until}${byHash ? 'Acquire-By-Hash: yes\n' : ''}SHA256:\n${lines.join('\n')}\n`
  const signed = key === undefined ? undefined : await sign(key.privateKey, text)
  if (!apart && signed !== undefined) {
    origin.items.set(`${folder}InRelease`, { body: Buffer.from(signed.inline) })
    return
  }
  origin.items.set(`${folder}Release`, { body: Buffer.from(text) })
  if (signed !== undefined) {
    origin.items.set(`${folder}Release.gpg`, { body: Buffer.from(signed.detached) })
  }
}

/** Puts the indexes of a version there. */
export function publishIndexes(origin: FakeOrigin, base: string, options: ArchiveVersion): void {
  const folder = `${base}dists/${options.suite ?? 'stable'}/`
  for (const [path, body] of indexes(options)) {
    origin.items.set(`${folder}${path}`, { body })
    if (options.byHash !== true) continue
    const parent = path.slice(0, path.lastIndexOf('/'))
    origin.items.set(`${folder}${parent}/by-hash/SHA256/${sha256Hex(body)}`, { body })
  }
  for (const [name, body] of Object.entries(options.debs ?? {})) {
    origin.items.set(`${base}${debPath(name)}`, { body, ranges: true })
  }
}

export async function publishVersion(
  origin: FakeOrigin,
  base: string,
  options: ArchiveVersion
): Promise<void> {
  publishIndexes(origin, base, options)
  await publishRelease(origin, base, options)
}
