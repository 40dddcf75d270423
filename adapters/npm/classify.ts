import type { AdapterRequest, Classification, Upstream } from '../../src/pull/adapter.ts'
import type { Documents } from './documents.ts'
import { packumentKey, tarballKey } from './package-path.ts'
import { parseNpmPath } from './target.ts'
import type { PackumentForm, Part } from './write-packument.ts'

/** What npm's registry lets its own caches keep a packument. */
const packumentMaxAgeMs = 5 * 60_000
/** Attestations of a version never change once they are there; keys seldom do. */
const attestationsMaxAgeMs = 86_400_000
const keysMaxAgeMs = 3_600_000

/** Where a package comes from, and where its items are in the catalog. */
export interface NpmSource {
  /** Begins the keys: `npm/`, or `npm/+<upstream>/` for all but the one where other names are looked up. */
  readonly prefix: string
  readonly upstream: Upstream
}

/** How a client wants a packument. */
export interface Shape {
  readonly form: PackumentForm
  /** Where it asks for tarballs; ends with a slash. */
  readonly base: string
  /** Only what was published by then, milliseconds since 1970. */
  readonly cutoffMs: number | undefined
  /** Names the view in the catalog: items of another view are other items. */
  readonly view: string
  /** A part instead of all. */
  readonly only?: Part
}

export const shortType = 'application/vnd.npm.install-v1+json'

/** The name of the upstream whose packages have no prefix. */
export const mainUpstream = 'npm'

export function sourceOf(upstream: Upstream): NpmSource {
  return { prefix: upstream.name === mainUpstream ? 'npm/' : `npm/+${upstream.name}/`, upstream }
}

/** A packument as the upstream sends it. */
export function packumentOf({ prefix, upstream }: NpmSource, name: string): Classification {
  return {
    key: packumentKey(prefix, name, 'source.json'),
    url: upstream.url + escaped(name),
    freshness: { kind: 'mutable', maxAgeMs: packumentMaxAgeMs },
    mediaType: 'application/json',
    document: `${prefix}${name}/packument`,
    passing: true,
    requestHeaders: { accept: 'application/json' }
  }
}

/** The packument of `source` in the shape that is asked for. */
export function shapedPackument(
  source: Classification,
  prefix: string,
  name: string,
  { form, base, cutoffMs, view, only }: Shape,
  documents: Documents
): Classification {
  const { document: _, ...served } = source
  const which = only === undefined ? '' : only === 'tags' ? 'tags=' : `=${only.version}.`
  return {
    ...served,
    key: packumentKey(prefix, name, `${view}${which}${form}.json.gz`),
    mediaType: form === 'full' ? 'application/json' : shortType,
    encoding: 'gzip',
    vary: 'Accept, Accept-Encoding, Host',
    derived: {
      source,
      variant: cutoffMs === undefined ? base : `${base} ${cutoffMs}`,
      make: bytes => documents.write({ name, form, base, cutoffMs, only }, bytes)
    }
  }
}

export function tarballOf(source: NpmSource, name: string, file: string): Classification {
  return {
    key: tarballKey(source.prefix, name, file),
    url: `${source.upstream.url}${name}/-/${encodeURIComponent(file)}`,
    freshness: { kind: 'immutable' },
    mediaType: 'application/octet-stream',
    voucher: packumentOf(source, name)
  }
}

export function attestationsOf(
  { prefix, upstream }: NpmSource,
  name: string,
  version: string
): Classification {
  return {
    key: packumentKey(prefix, name, `attestations-${version}.json`),
    url: `${upstream.url}-/npm/v1/attestations/${escaped(name)}@${encodeURIComponent(version)}`,
    freshness: { kind: 'mutable', maxAgeMs: attestationsMaxAgeMs },
    passing: true,
    mediaType: 'application/json'
  }
}

export function keysOf({ prefix, upstream }: NpmSource): Classification {
  return {
    key: `${prefix}.keys.json`,
    url: `${upstream.url}-/npm/v1/keys`,
    freshness: { kind: 'mutable', maxAgeMs: keysMaxAgeMs },
    passing: true,
    mediaType: 'application/json'
  }
}

/** A name in a URL: the slash of a scope is none of the path. */
export function escaped(name: string): string {
  return name.replace('/', '%2f')
}

/** Clients name the short form first, with the full one as a lesser choice, or not at all. */
export function formOf(accept = ''): PackumentForm {
  return accept.includes(shortType) ? 'short' : 'full'
}

/** A tarball or a packument as the upstream sends it, at the one upstream of the request. Throws `invalid`. */
export function classifyNpm({ path, upstreams }: AdapterRequest): Classification | undefined {
  const [upstream] = Object.values(upstreams)
  const { target } = parseNpmPath(path)
  if (upstream === undefined || target === undefined) return undefined
  if (target.kind === 'packument') return packumentOf(sourceOf(upstream), target.name)
  return target.kind === 'tarball'
    ? tarballOf(sourceOf(upstream), target.name, target.file)
    : undefined
}
