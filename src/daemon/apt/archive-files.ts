import { gzipSync, zstdCompressSync } from 'node:zlib'
import {
  type FileFacts,
  type IndexEntry,
  packagesText,
  parseIndex,
  releaseText
} from '../../../adapters/apt/archive/index-texts.ts'
import type { KeyPair } from '../../../adapters/apt/openpgp/jobs.ts'
import { sign } from '../../../adapters/apt/openpgp/run.ts'
import { systemClock } from '../../base/clock.ts'
import { CairnError } from '../../base/errors.ts'
import { openCatalog } from '../../pull/catalog.ts'
import { type FileToHost, Hosting } from '../../pull/hosting.ts'
import { profiles } from '../../unixfs/profiles.ts'
import { openUnixfsWriter } from '../../unixfs/writer.ts'
import type { Content } from '../content.ts'
import type { Settings } from '../settings.ts'

/** A part of an archive that has an index of its own for each architecture. */
export interface ArchivePart {
  /** The archive's name: the first part of its path below `/apt/`. */
  readonly archive: string
  readonly suite: string
  readonly component: string
}

export function openHosting(content: Content, settings: Settings): Hosting {
  return new Hosting({
    catalog: openCatalog(content.database),
    blocks: content.store,
    writer: openUnixfsWriter(content.store, profiles[settings.profile]),
    reader: content.reader,
    clock: systemClock
  })
}

/** Throws `conflict` for the name of a configured upstream, `usage` for what cannot be a name. */
export function checkNames({ archive, suite, component }: ArchivePart, settings: Settings): void {
  if (Object.hasOwn(settings.aptUpstreams, archive)) {
    throw new CairnError(
      'conflict',
      `${archive} is an upstream in config.yaml: what is published here needs a name of its own`
    )
  }
  const forms = [
    ['an archive', archive, /^[a-z0-9][a-z0-9._-]{0,63}$/],
    ['a suite', suite, /^[a-z0-9][a-z0-9._-]{0,63}$/],
    ['a component', component, /^[a-z0-9][a-z0-9._-]{0,63}$/]
  ] as const
  for (const [what, name, form] of forms) {
    if (form.test(name)) continue
    const shown = JSON.stringify(name.slice(0, 80))
    throw new CairnError('usage', `${shown} cannot name ${what}: use a-z, 0-9, ".", "_" and "-"`)
  }
}

/** The packages of a part, by path. */
export function entriesOf(
  hosting: Hosting,
  { archive, suite, component }: ArchivePart
): Map<string, IndexEntry> {
  const folder = `apt/${archive}/dists/${suite}/${component}`
  const entries = new Map<string, IndexEntry>()
  for (const name of hosting.names(folder)) {
    const text = hosting.read(`${folder}/${name}/Packages`)?.toString('utf8') ?? ''
    for (const entry of parseIndex(text)) entries.set(entry.path, entry)
  }
  return entries
}

/** The files of a part that has these packages, and the Release of its suite, signed. */
export async function archiveFiles(
  hosting: Hosting,
  key: KeyPair,
  part: ArchivePart,
  entries: ReadonlyMap<string, IndexEntry>
): Promise<FileToHost[]> {
  const place = `apt/${part.archive}`
  const folder = `dists/${part.suite}/`
  const indexes = await indexFiles(hosting, place, part, entries)
  const text = releaseTextOf(part, hosting, place, indexes)
  const signed = await sign(key.privateKey, text)
  return [
    ...indexes.flatMap(file => [file, byHash(file)]),
    await textFile(hosting, `${folder}Release`, text),
    await textFile(hosting, `${folder}Release.gpg`, signed.detached, signatureType),
    await textFile(hosting, `${folder}InRelease`, signed.inline),
    await textFile(hosting, 'archive-key.asc', key.publicKey, 'application/pgp-keys')
  ]
}

const signatureType = 'application/pgp-signature'

export function factsOf({
  path,
  bytes,
  digests: [digest]
}: Pick<FileToHost, 'path' | 'bytes' | 'digests'>): FileFacts {
  return { path, bytes, sha256: digest?.slice('sha256:'.length) ?? '' }
}

/** Every index of the component anew, also of an architecture that has no package left. */
async function indexFiles(
  hosting: Hosting,
  place: string,
  { suite, component }: ArchivePart,
  entries: ReadonlyMap<string, IndexEntry>
): Promise<FileToHost[]> {
  const folder = `dists/${suite}/${component}`
  const known = hosting.names(`${place}/${folder}`)
  const own = [...entries.values()].map(({ architecture }) => architecture)
  const architectures = new Set([...known.map(name => name.slice('binary-'.length)), ...own])
  architectures.delete('all')
  architectures.add(thisArchitecture)
  const files: FileToHost[] = []
  for (const architecture of [...architectures].sort()) {
    const text = Buffer.from(packagesText([...entries.values()], architecture))
    const path = `${folder}/binary-${architecture}/Packages`
    files.push(
      await bytesFile(hosting, path, text, 'text/plain'),
      await bytesFile(hosting, `${path}.gz`, gzipSync(text), 'application/gzip'),
      await bytesFile(hosting, `${path}.zst`, zstdCompressSync(text), 'application/zstd')
    )
  }
  return files
}

/** An archive of packages for all architectures is for this machine's, at least. */
const architectureNames: Readonly<Partial<Record<NodeJS.Architecture, string>>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'armhf',
  ia32: 'i386',
  ppc64: 'ppc64el',
  riscv64: 'riscv64',
  s390x: 's390x'
}
const thisArchitecture = architectureNames[process.arch] ?? process.arch

/** Of all components: those that did not change are named as they are. */
function releaseTextOf(
  { archive, suite, component }: ArchivePart,
  hosting: Hosting,
  place: string,
  indexes: readonly FileToHost[]
): string {
  const root = `dists/${suite}/`
  const components = hosting.names(`${place}/dists/${suite}`).filter(name => !/Release/.test(name))
  const files = indexes.map(factsOf)
  for (const other of components.filter(name => name !== component)) {
    for (const binary of hosting.names(`${place}/${root}${other}`)) {
      for (const name of ['Packages', 'Packages.gz', 'Packages.zst']) {
        const path = `${root}${other}/${binary}/${name}`
        const item = hosting.item(`${place}/${path}`)
        if (item !== undefined) files.push(factsOf({ ...item, path }))
      }
    }
  }
  const architectures = files.map(({ path }) => /\/binary-([^/]+)\//.exec(path)?.[1] ?? '')
  return releaseText({
    archive,
    suite,
    components: [...new Set([...components, component])].sort(),
    architectures: [...new Set(architectures)].sort(),
    dateMs: systemClock.nowMs(),
    files: files.map(file => ({ ...file, path: file.path.slice(root.length) }))
  })
}

function byHash(file: FileToHost): FileToHost {
  const folder = file.path.slice(0, file.path.lastIndexOf('/'))
  return { ...file, path: `${folder}/by-hash/SHA256/${factsOf(file).sha256}`, mutable: false }
}

function textFile(
  hosting: Hosting,
  path: string,
  text: string,
  mediaType = 'text/plain'
): Promise<FileToHost> {
  return bytesFile(hosting, path, Buffer.from(text), mediaType)
}

async function bytesFile(
  hosting: Hosting,
  path: string,
  bytes: Uint8Array,
  mediaType: string
): Promise<FileToHost> {
  return { ...(await hosting.store([bytes])), path, mediaType, mutable: true }
}
