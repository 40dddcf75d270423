import { mediaTypes } from '../../../adapters/oci/manifest.ts'
import type { Digest } from '../../base/digest.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { HostedManifest, Page } from '../../pull/registry/api.ts'
import { type Call, sendJson } from './call.ts'

/** GET of `_catalog`: what was pushed here. */
export function listRepositories(call: Call): void {
  const page = pageOf(call.query)
  const names = call.options.repositories.names({ ...page, count: page.count + 1 })
  const shown = names.slice(0, page.count)
  sendJson(call, { repositories: shown }, nextLink('/v2/_catalog', page, names))
}

/** GET of a repository's tags. Throws `not-found` for one that nothing was pushed to. */
export function listTags(call: Call, name: string): void {
  const { repositories } = call.options
  if (!repositories.has(name)) throw new CairnError('not-found', `there is no repository ${name}`)
  const page = pageOf(call.query)
  const tags = repositories.tags(name, { ...page, count: page.count + 1 })
  const link = nextLink(`/v2/${call.asked}/tags/list`, page, tags)
  sendJson(call, { name: call.asked, tags: tags.slice(0, page.count) }, link)
}

/** `n` and `last` of a list. Throws `invalid`. */
export function pageOf(query: URLSearchParams): Page {
  const n = query.get('n')
  if (n !== null && !/^\d+$/.test(n)) {
    throw new CairnError('invalid', `n=${n.slice(0, 20)} is not a number of entries`)
  }
  const count = Math.min(n === null ? limits.registryPage : Number(n), limits.registryPage)
  return { count, last: query.get('last') ?? '' }
}

/** Where the list goes on, if one more entry than fits is there. https://www.rfc-editor.org/rfc/rfc8288 */
export function nextLink(
  path: string,
  { count }: Page,
  entries: readonly string[]
): Record<string, string> {
  const last = entries[count - 1]
  if (entries.length <= count || last === undefined) return {}
  return { link: `<${path}?n=${count}&last=${encodeURIComponent(last)}>; rel="next"` }
}

/**
 * GET of what refers to a manifest; also to one that was never pushed. No page is much longer than a manifest may
 * be: clients read no more of an index.
 */
export function listReferrers(call: Call, name: string, digest: Digest): void {
  const type = call.query.get('artifactType') ?? undefined
  const { referrers, next } = pageOfReferrers(call, name, digest, type)
  const filter = type === undefined ? {} : { artifactType: type }
  const query = new URLSearchParams({ ...filter, last: next ?? '' })
  const link = `</v2/${call.asked}/referrers/${digest}?${query}>; rel="next"`
  sendReferrers(call, referrers, next === undefined ? {} : { link })
}

/** Read at a time: each may have annotations as long as a manifest. */
const referrersTogether = 16

function pageOfReferrers(
  { options, query }: Call,
  name: string,
  digest: Digest,
  type: string | undefined
): { referrers: Referrer[]; next: string | undefined } {
  const referrers: Referrer[] = []
  let last = query.get('last') ?? ''
  let bytes = 0
  for (;;) {
    const page = { last, count: referrersTogether }
    const found = options.repositories.referrers(name, digest, page, type)
    for (const each of found) {
      if (bytes >= limits.manifestBytes) return { referrers, next: last }
      const referrer = descriptorOf(each)
      referrers.push(referrer)
      bytes += Buffer.byteLength(JSON.stringify(referrer))
      last = each.digest
    }
    if (found.length < referrersTogether) return { referrers, next: undefined }
  }
}

export interface Referrer {
  readonly artifactType?: string | undefined
}

/** The index of referrers, filtered as the client wants. */
export function sendReferrers(
  call: Call,
  all: readonly Referrer[],
  headers: Readonly<Record<string, string>> = {}
): void {
  const filter = call.query.get('artifactType')
  const manifests = filter === null ? all : all.filter(each => each.artifactType === filter)
  const applied = filter === null ? {} : { 'oci-filters-applied': 'artifactType' }
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests }
  sendJson(call, index, { 'content-type': mediaTypes.index, ...applied, ...headers })
}

function descriptorOf(manifest: HostedManifest): Referrer {
  const { mediaType, digest, bytes, artifactType, annotations } = manifest
  return { mediaType, digest, size: bytes, artifactType, annotations } as Referrer
}
