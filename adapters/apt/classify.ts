import { digestOf } from '../../src/base/digest.ts'
import type { AdapterRequest, Classification, Learned, Upstream } from '../../src/pull/adapter.ts'
import { refuseReplay } from './refuse-replay.ts'
import { type RepositoryFile, repositoryFile, repositoryParts } from './repository-path.ts'
import { verifyRelease } from './verify-release.ts'

/**
 * How long an index that no signed Release vouches for is served without asking again. apt asks
 * for it only when a person runs `apt-get update`: short, so that they get what is there, yet long
 * enough that a hundred containers building at once are one request.
 */
const indexMaxAgeMs = 60_000

/** The folder, in no archive, of what was fetched and is not taken over yet. */
const nextFolder = '@next'

/** `<upstream>/<path in the repository>`; undefined for an upstream that is not configured. */
export function classifyApt(request: AdapterRequest): Classification | undefined {
  const [name, ...parts] = repositoryParts(request.path)
  if (name === undefined || parts.length === 0 || parts.includes(nextFolder)) return undefined
  const upstream = Object.hasOwn(request.upstreams, name) ? request.upstreams[name] : undefined
  return upstream === undefined ? undefined : classifyParts({ ...upstream, name }, parts)
}

function classifyParts(upstream: Upstream, parts: readonly string[]): Classification {
  const file = repositoryFile(parts)
  const plain = plainItem(upstream, parts, file)
  if (file.kind === 'signature') {
    const release = classifyParts(upstream, [...parts.slice(0, -1), 'Release'])
    return { ...plain, takenWith: release }
  }
  if (file.kind === 'release') {
    return { ...plain, takeover: takeoverOf(upstream, parts, plain) }
  }
  if (plain.freshness.kind === 'immutable') return plain
  const documents = documentsAbove(upstream.name, parts)
  return { ...plain, namedBy: { documents, ways: waysTo(upstream) } }
}

/** All but what it has to do with other files. */
function plainItem(
  upstream: Upstream,
  parts: readonly string[],
  file: RepositoryFile
): Classification {
  const document = documentOf(file, parts)
  const immutable = file.kind === 'by-hash' || file.kind === 'archive'
  return {
    key: `apt/${upstream.name}/${parts.join('/')}`,
    url: upstream.url + parts.map(encodeURIComponent).join('/'),
    freshness: immutable ? { kind: 'immutable' } : { kind: 'mutable', maxAgeMs: indexMaxAgeMs },
    mediaType: mediaTypeOf(parts.at(-1) ?? ''),
    ...(upstream.hosted === true ? { hosted: true } : {}),
    ...(file.kind === 'by-hash' ? { digest: file.digest } : {}),
    ...(document === undefined ? {} : { document: `apt/${upstream.name}/${document}` })
  }
}

/** A Release without a signature in it has one beside it. */
function takeoverOf(
  upstream: Upstream,
  parts: readonly string[],
  plain: Classification
): NonNullable<Classification['takeover']> {
  const folder = parts.slice(0, -1)
  const { keyring } = upstream
  const inline = parts.at(-1) === 'InRelease'
  const signature = plainItem(upstream, [...folder, 'Release.gpg'], { kind: 'signature' })
  return {
    next: nextOf(plain),
    companions: inline ? [] : [{ item: signature, next: nextOf(signature) }],
    ways: waysTo(upstream),
    ...(keyring === undefined
      ? {}
      : {
          verify: async (document, [apart], held) => {
            await verifyRelease(await keyring(), document, inline ? undefined : { apart })
            refuseReplay(document, held)
          },
          trust: async () => digestOf('sha256', await keyring())
        })
  }
}

function nextOf({ key, url, mediaType }: Classification): Classification {
  const slash = key.lastIndexOf('/')
  return {
    key: `${key.slice(0, slash)}/${nextFolder}${key.slice(slash)}`,
    url,
    mediaType,
    freshness: { kind: 'mutable', maxAgeMs: 0 },
    passing: true
  }
}

/** By its hash, which stays for a while when there is a new version, then by its name. */
function waysTo(upstream: Upstream): (named: Learned) => readonly Classification[] {
  return ({ key, digest }) => {
    const parts = key.split('/').slice(2)
    const [algorithm, hex = ''] = digest.split(':')
    const folder = algorithm === 'sha256' ? 'SHA256' : 'SHA512'
    if (parts.includes('by-hash')) return []
    const path = [...parts.slice(0, -1), 'by-hash', folder, hex]
    const byHash = plainItem(upstream, path, repositoryFile(path))
    return [byHash, { ...byHash, url: plainItem(upstream, parts, { kind: 'other' }).url }]
  }
}

/** A Release names what is below its folder. */
function documentsAbove(name: string, parts: readonly string[]): string[] {
  return parts.flatMap((_, depth) => {
    const folder = ['apt', name, ...parts.slice(0, depth)].join('/')
    return [`${folder}/InRelease`, `${folder}/Release`]
  })
}

/**
 * All forms of one Packages index (plain, gz, xz, by any hash) are one document; what is by-hash in
 * an architecture's folder is that or the folder's few-line Release, which names nothing.
 */
function documentOf(file: RepositoryFile, parts: readonly string[]): string | undefined {
  if (file.kind === 'release') return parts.join('/')
  if (file.kind === 'packages' || file.kind === 'sources') return join(file.folder, file.name)
  if (file.kind !== 'by-hash') return undefined
  const last = file.folder.slice(file.folder.lastIndexOf('/') + 1)
  if (last === 'source') return join(file.folder, 'Sources')
  const mayBePackages = last.startsWith('binary-') || !file.folder.startsWith('dists/')
  return mayBePackages ? join(file.folder, 'Packages') : undefined
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}

const mediaTypes: Readonly<Record<string, string>> = {
  deb: 'application/vnd.debian.binary-package',
  udeb: 'application/vnd.debian.binary-package',
  gz: 'application/gzip',
  xz: 'application/x-xz',
  zst: 'application/zstd',
  bz2: 'application/x-bzip2',
  gpg: 'application/pgp-signature',
  asc: 'application/pgp-signature'
}

function mediaTypeOf(name: string): string {
  if (/^(InRelease|Release|Packages|Sources)$/.test(name)) return 'text/plain'
  return mediaTypes[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
}
