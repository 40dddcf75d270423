import type { AdapterRequest, Classification, Upstream } from '../../src/pull/adapter.ts'
import { acceptedManifests, mediaTypes } from './manifest.ts'
import { parseTarget } from './target.ts'

/** Referrers of an upstream's image are asked for again after this: as long as a tag is believed. */
const referrersAgeMs = 60_000

/**
 * `<upstream>/<name>/manifests|blobs|referrers/<digest>`: what is named by its digest, from anyone
 * who has it, and lists of referrers. Tags are pointers, no items. Throws as `parseTarget`.
 */
export function classifyOci({ path, upstreams }: AdapterRequest): Classification | undefined {
  const [, name = '', rest = ''] = /^([^/]*)\/(.*)$/s.exec(path) ?? []
  const upstream = Object.hasOwn(upstreams, name) ? upstreams[name] : undefined
  const target = upstream === undefined ? undefined : parseTarget(rest)
  if (upstream === undefined || target === undefined) return undefined
  const key = `oci/${path}`
  const url = registryUrl(upstream, rest)
  if (target.kind === 'blob') {
    const mediaType = 'application/octet-stream'
    return { key, url, freshness: { kind: 'immutable' }, digest: target.digest, mediaType }
  }
  if (target.kind === 'manifest' && 'digest' in target) {
    return {
      key,
      url,
      freshness: { kind: 'immutable' },
      digest: target.digest,
      mediaType: mediaTypes.manifest,
      requestHeaders: { accept: acceptedManifests }
    }
  }
  if (target.kind !== 'referrers') return undefined
  return {
    key,
    url,
    freshness: { kind: 'mutable', maxAgeMs: referrersAgeMs },
    mediaType: mediaTypes.index,
    requestHeaders: { accept: mediaTypes.index }
  }
}

/** A path's URL at an upstream; the path's parts are plain characters of checked names. */
export function registryUrl(upstream: Upstream, path: string): string {
  return `${upstream.url}v2/${path}`
}

/** Of a URL that `registryUrl` made: whether it is that of a list of referrers. */
export function isReferrersUrl(url: string): boolean {
  return /\/v2\/.+\/referrers\/[a-z0-9]+:[0-9a-f]+$/.test(url)
}

/** Of a URL that `registryUrl` made: the part of it that one token opens, its repository. */
export function repositoryOf(url: string): string {
  return url.replace(/\/(manifests|blobs|tags|referrers)\/.*$/s, '')
}
