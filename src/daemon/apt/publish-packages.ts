import { createReadStream } from 'node:fs'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import {
  entryOf,
  type FileFacts,
  type IndexEntry,
  packagesText,
  parseIndex,
  poolPath,
  releaseText
} from '../../../adapters/apt/archive/index-texts.ts'
import { readControl } from '../../../adapters/apt/archive/read-control.ts'
import { sign } from '../../../adapters/apt/openpgp/run.ts'
import { systemClock } from '../../base/clock.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { openCatalog } from '../../pull/catalog.ts'
import { type FileToHost, Hosting } from '../../pull/hosting.ts'
import { profiles } from '../../unixfs/profiles.ts'
import { openUnixfsWriter } from '../../unixfs/writer.ts'
import type { Content } from '../content.ts'
import type { Settings } from '../settings.ts'
import { archiveKey } from './archive-key.ts'

export interface PublishOrder {
  /** The archive's name: the first part of its path below `/apt/`. */
  readonly archive: string
  readonly suite: string
  readonly component: string
  /** Paths of `.deb` files. */
  readonly files: readonly string[]
}

/** A package that was published, or had been. */
export interface Published {
  readonly file: string
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly path: string
}

const debType = 'application/vnd.debian.binary-package'

interface Added {
  readonly source: string
  readonly entry: IndexEntry
  readonly file: FileToHost
}

/**
 * Adds packages to an archive published here, and makes it if there is none: all of them or, if one
 * is refused or the process dies, none; clients see the archive before or after. Throws `conflict` for
 * the name of a configured upstream, `exists` for another package of the same name, version and
 * architecture, `invalid` for what is no package.
 */
export async function publishPackages(
  content: Content,
  settings: Settings,
  order: PublishOrder
): Promise<Published[]> {
  checkNames(order, settings)
  const hosting = new Hosting({
    catalog: openCatalog(content.database),
    blocks: content.store,
    writer: openUnixfsWriter(content.store, profiles[settings.profile]),
    reader: content.reader,
    clock: systemClock
  })
  const key = await archiveKey(settings.home)
  const added: Added[] = []
  for (const source of order.files) added.push(await storePackage(hosting, source, order))
  const place = `apt/${order.archive}`
  const folder = `dists/${order.suite}/`
  await hosting.change(place, `${place}/${folder}InRelease`, async () => {
    for (const { source, file } of added) refuseOther(hosting, place, source, file)
    const indexes = await indexFiles(hosting, place, order, added)
    const text = releaseTextOf(order, hosting, place, indexes)
    const signed = await sign(key.privateKey, text)
    return [
      ...added.map(({ file }) => file),
      ...indexes.flatMap(file => [file, byHash(file)]),
      await textFile(hosting, `${folder}Release`, text),
      await textFile(hosting, `${folder}Release.gpg`, signed.detached, signatureType),
      await textFile(hosting, `${folder}InRelease`, signed.inline),
      await textFile(hosting, 'archive-key.asc', key.publicKey, 'application/pgp-keys')
    ]
  })
  return added.map(({ source, entry: { name, version, architecture, path } }) => ({
    file: source,
    name,
    version,
    architecture,
    path
  }))
}

const signatureType = 'application/pgp-signature'

function checkNames({ archive, suite, component }: PublishOrder, settings: Settings): void {
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

async function storePackage(
  hosting: Hosting,
  source: string,
  { component }: PublishOrder
): Promise<Added> {
  try {
    const control = await readControl(createReadStream(source))
    const stored = await hosting.store(createReadStream(source, { highWaterMark: 1024 * 1024 }))
    const path = poolPath(component, control)
    const file = { ...stored, path, mediaType: debType, mutable: false }
    return { source, entry: entryOf(control, factsOf(file)), file }
  } catch (cause) {
    const { code, message } = toCairnError(cause)
    throw new CairnError(code, `${source}: ${message}`, { cause })
  }
}

/** apt takes a package of a name, version and architecture for the same, whatever its bytes. */
function refuseOther(hosting: Hosting, place: string, source: string, file: FileToHost): void {
  const there = hosting.item(`${place}/${file.path}`)
  if (there === undefined || there.cid.equals(file.cid)) return
  throw new CairnError(
    'exists',
    `${source}: another package is published as ${file.path}: give it a new version`
  )
}

function factsOf({
  path,
  bytes,
  digests: [digest]
}: Pick<FileToHost, 'path' | 'bytes' | 'digests'>): FileFacts {
  return { path, bytes, sha256: digest?.slice('sha256:'.length) ?? '' }
}

/** Every index of the component anew: what it had, and what is added. */
async function indexFiles(
  hosting: Hosting,
  place: string,
  { suite, component }: PublishOrder,
  added: readonly Added[]
): Promise<FileToHost[]> {
  const folder = `dists/${suite}/${component}`
  const known = hosting.names(`${place}/${folder}`)
  const entries = new Map<string, IndexEntry>()
  for (const name of known) {
    const text = hosting.read(`${place}/${folder}/${name}/Packages`)?.toString('utf8') ?? ''
    for (const entry of parseIndex(text)) entries.set(entry.path, entry)
  }
  for (const { entry } of added) entries.set(entry.path, entry)
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
  { archive, suite, component }: PublishOrder,
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
