import { CairnError } from '../../base/errors.ts'
import type { Upstream } from '../../pull/adapter.ts'

/** Where a repository is: pushed here, or at an upstream under a name of its own. */
export type Place =
  | { readonly kind: 'hosted'; readonly name: string }
  | { readonly kind: 'proxied'; readonly name: string; readonly upstream: Upstream }

export interface PlaceOptions {
  readonly upstreams: Readonly<Record<string, Upstream>>
  /** Whether anything was pushed under a name. */
  readonly isHosted: (name: string) => boolean
  /** The upstream of names that have no prefix and were not pushed here. */
  readonly otherwise: string | undefined
}

/**
 * What a name means: with `ns` the repository of that registry (containerd's mirrors ask so); one
 * that was pushed here; `<upstream>/<name>`; else a name to push to. A hosted name is never an
 * upstream's. Throws `not-found` for a namespace that is of no upstream.
 */
export function placeOf(name: string, ns: string | undefined, options: PlaceOptions): Place {
  const { upstreams, isHosted, otherwise } = options
  if (ns !== undefined) {
    const upstream = upstreamOf(ns, upstreams)
    if (upstream !== undefined) return { kind: 'proxied', name, upstream }
    const shown = JSON.stringify(ns.slice(0, 200))
    throw new CairnError('not-found', `${shown} is not a configured upstream: see oci.upstreams`)
  }
  if (isHosted(name)) return { kind: 'hosted', name }
  const slash = name.indexOf('/')
  const upstream = slash < 0 ? undefined : own(upstreams, name.slice(0, slash))
  if (upstream !== undefined) return { kind: 'proxied', name: name.slice(slash + 1), upstream }
  const other = otherwise === undefined ? undefined : own(upstreams, otherwise)
  return other === undefined ? { kind: 'hosted', name } : { kind: 'proxied', name, upstream: other }
}

/** Clients say the host that an image's name begins with; some registries are reached at another. */
function upstreamOf(
  ns: string,
  upstreams: Readonly<Record<string, Upstream>>
): Upstream | undefined {
  return own(upstreams, ns) ?? Object.values(upstreams).find(({ url }) => new URL(url).host === ns)
}

function own(upstreams: Readonly<Record<string, Upstream>>, name: string): Upstream | undefined {
  return Object.hasOwn(upstreams, name) ? upstreams[name] : undefined
}
