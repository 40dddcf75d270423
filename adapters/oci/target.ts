import type { Digest } from '../../src/base/digest.ts'
import { CairnError } from '../../src/base/errors.ts'
import { isRepositoryName, parseDigest, parseReference } from './reference.ts'

/** What a path below `/v2/` names. https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#endpoints */
export type OciTarget =
  | { readonly kind: 'base' | 'catalog' }
  | { readonly kind: 'tags' | 'uploads'; readonly name: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly tag: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly digest: Digest }
  | { readonly kind: 'blob' | 'referrers'; readonly name: string; readonly digest: Digest }
  | { readonly kind: 'upload'; readonly name: string; readonly id: string }

/** Endpoints by their words, counted from the end of the path: a repository may be called `a/blobs/b`. */
const endpoints: ReadonlyArray<readonly [RegExp, (name: string, last: string) => OciTarget]> = [
  [/^(.*)\/blobs\/uploads\/?()$/, name => ({ kind: 'uploads', name })],
  [/^(.*)\/blobs\/uploads\/([^/]+)$/, (name, id) => ({ kind: 'upload', name, id })],
  [/^(.*)\/tags\/(list)$/, name => ({ kind: 'tags', name })],
  [
    /^(.*)\/manifests\/([^/]+)$/,
    (name, reference) => ({ kind: 'manifest', name, ...parseReference(reference) })
  ],
  [
    /^(.*)\/blobs\/([^/]+)$/,
    (name, digest) => ({ kind: 'blob', name, digest: parseDigest(digest) })
  ],
  [
    /^(.*)\/referrers\/([^/]+)$/,
    (name, digest) => ({ kind: 'referrers', name, digest: parseDigest(digest) })
  ]
]

/**
 * The target of a decoded path without its leading `/v2/`; undefined for a path of no endpoint.
 * Throws `invalid` for a wrong digest or reference and `usage` for a wrong name.
 */
export function parseTarget(path: string): OciTarget | undefined {
  if (path === '') return { kind: 'base' }
  if (path === '_catalog') return { kind: 'catalog' }
  for (const [pattern, make] of endpoints) {
    const [, name, last = ''] = pattern.exec(path) ?? []
    if (name === undefined) continue
    if (!isRepositoryName(name)) {
      const shown = JSON.stringify(name.slice(0, 260))
      throw new CairnError('usage', `${shown} cannot name a repository`)
    }
    return make(name, last)
  }
  return undefined
}
