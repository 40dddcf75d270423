import type { AdapterRequest, Classification } from '../../src/pull/adapter.ts'
import { type RepositoryFile, repositoryFile, repositoryParts } from './repository-path.ts'

/**
 * How long an index that no signed Release vouches for is served without asking again. apt asks
 * for it only when a person runs `apt-get update`: short, so that they get what is there, yet long
 * enough that a hundred containers building at once are one request.
 */
const indexMaxAgeMs = 60_000

/** `<upstream>/<path in the repository>`; undefined for an upstream that is not configured. */
export function classifyApt(request: AdapterRequest): Classification | undefined {
  const [name, ...parts] = repositoryParts(request.path)
  if (name === undefined || parts.length === 0) return undefined
  const upstream = Object.hasOwn(request.upstreams, name) ? request.upstreams[name] : undefined
  if (upstream === undefined) return undefined
  const file = repositoryFile(parts)
  const document = documentOf(file, parts)
  const immutable = file.kind === 'by-hash' || file.kind === 'archive'
  return {
    key: `apt/${name}/${parts.join('/')}`,
    url: upstream.url + parts.map(encodeURIComponent).join('/'),
    freshness: immutable ? { kind: 'immutable' } : { kind: 'mutable', maxAgeMs: indexMaxAgeMs },
    mediaType: mediaTypeOf(parts.at(-1) ?? ''),
    ...(file.kind === 'by-hash' ? { digest: file.digest } : {}),
    ...(document === undefined ? {} : { document: `apt/${name}/${document}` })
  }
}

/**
 * All forms of one Packages index (plain, gz, xz, by any hash) are one document; what is by-hash in
 * an architecture's folder is that or the folder's few-line Release, which names nothing.
 */
function documentOf(file: RepositoryFile, parts: readonly string[]): string | undefined {
  if (file.kind === 'release') return parts.join('/')
  if (file.kind === 'packages') return join(file.folder, 'Packages')
  if (file.kind !== 'by-hash') return undefined
  const last = file.folder.slice(file.folder.lastIndexOf('/') + 1)
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
