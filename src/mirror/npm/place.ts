import { mainUpstream, type NpmSource, sourceOf } from '../../../adapters/npm/classify.ts'
import { matchesName } from '../../../adapters/npm/match-name.ts'
import type { NpmView } from '../../../adapters/npm/target.ts'
import { CairnError } from '../../base/errors.ts'
import type { Upstream } from '../../pull/adapter.ts'

/** A registry that is mirrored. */
export interface NpmUpstream extends Upstream {
  /** Patterns of the names that are looked up there. */
  readonly names: readonly string[]
}

export interface Registries {
  /** By name; `npm` is where all names are looked up that belong nowhere else. */
  readonly upstreams: Readonly<Record<string, NpmUpstream>>
  /** Patterns of names that are published here, and never looked up elsewhere. */
  readonly hosted: readonly string[]
  /** Versions younger than this are left out; undefined for none. */
  readonly minimumAgeMs: number | undefined
  /** Patterns of names whose versions are shown at any age. */
  readonly anyAge: readonly string[]
}

/** Where a package is: published here, or at an upstream. */
export type Place =
  | { readonly kind: 'hosted' }
  | { readonly kind: 'proxied'; readonly source: NpmSource }

/**
 * Where a name is looked up: a hosted one only here; at the upstream that the view names; at the one with a
 * pattern for it, the longest counts; else at `npm`. Without that, names are published here. Throws
 * `not-found` for an upstream that there is not.
 */
export function placeOf(
  name: string,
  view: Pick<NpmView, 'upstream'>,
  { upstreams, hosted }: Pick<Registries, 'upstreams' | 'hosted'>,
  isPublished: (name: string) => boolean
): Place {
  const isHosted = hosted.some(pattern => matchesName(pattern, name)) || isPublished(name)
  if (view.upstream !== undefined) {
    const upstream = Object.hasOwn(upstreams, view.upstream) ? upstreams[view.upstream] : undefined
    if (upstream !== undefined && !isHosted) return { kind: 'proxied', source: sourceOf(upstream) }
    const why =
      upstream === undefined
        ? 'is no configured upstream: see npm.upstreams'
        : `has no ${name}: it is hosted here`
    throw new CairnError('not-found', `${view.upstream} ${why}`)
  }
  if (isHosted) return { kind: 'hosted' }
  const upstream = upstreamOf(name, upstreams) ?? upstreams[mainUpstream]
  return upstream === undefined
    ? { kind: 'hosted' }
    : { kind: 'proxied', source: sourceOf(upstream) }
}

function upstreamOf(name: string, upstreams: Registries['upstreams']): NpmUpstream | undefined {
  const found = Object.values(upstreams).flatMap(upstream =>
    upstream.names
      .filter(pattern => matchesName(pattern, name))
      .map(pattern => ({ upstream, length: pattern.length }))
  )
  return found.sort((a, b) => b.length - a.length)[0]?.upstream
}
