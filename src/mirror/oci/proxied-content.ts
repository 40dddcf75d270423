import { registryUrl } from '../../../adapters/oci/classify.ts'
import { acceptedManifests, readManifest } from '../../../adapters/oci/manifest.ts'
import { referrersTag } from '../../../adapters/oci/reference.ts'
import type { Digest } from '../../base/digest.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Classification } from '../../pull/adapter.ts'
import type { Body, PullAnswer } from '../../pull/api.ts'
import type { Pointed, Reference } from '../../pull/registry/api.ts'
import { respond } from '../respond.ts'
import { type Call, gather, sendJson } from './call.ts'
import { pageOf, type Referrer, sendReferrers } from './listings.ts'
import type { Place } from './place.ts'
import { showTag } from './tag-view.ts'

type Proxied = Extract<Place, { kind: 'proxied' }>

/** A tag is believed so long. */
const tagAgeMs = 60_000

/** GET and HEAD of an upstream's blob. A HEAD of one that is not held fetches nothing. */
export async function sendProxiedBlob(call: Call, place: Proxied, digest: Digest): Promise<void> {
  const { pull, catalog } = call.options
  const wanted = classify(call, place, `blobs/${digest}`)
  const held = catalog.get(wanted.key) ?? catalog.byDigest(digest)
  if (call.request.method === 'HEAD' && held === undefined) return await headUpstream(call, wanted)
  const answer = await pull.fetch(wanted, { signal: call.signal })
  const { request, response } = call
  await respond(request, response, wanted, answer, { 'docker-content-digest': digest })
}

async function headUpstream(call: Call, { url, digest }: Classification): Promise<void> {
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(limits.upstreamHeadMs)])
  const answer = await call.options.fetchUpstream(url, { method: 'HEAD', headers: {}, signal })
  const length = answer.headers.get('content-length')
  if (answer.status !== 200) {
    const code = answer.status === 404 ? 'not-found' : 'upstream'
    throw new CairnError(code, `${url}: the upstream answered ${answer.status}`)
  }
  call.response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest ?? '',
    'x-cairn': 'pass',
    ...(length === null ? {} : { 'content-length': length })
  })
  call.response.end()
}

/** GET and HEAD of an upstream's manifest; a tag leads to a digest first. */
export async function sendProxiedManifest(
  call: Call,
  place: Proxied,
  reference: Reference
): Promise<void> {
  const { request, response } = call
  const pointed = await resolve(call, place, reference)
  const { answer, bytes } = await fetchManifest(call, place, pointed.digest)
  const manifest = readUpstreams(bytes, answer.key)
  if ('tag' in reference) remember(call, place, reference.tag, answer.key, manifest)
  const whole: PullAnswer = {
    ...answer,
    mediaType: manifest.mediaType,
    bytes: bytes.length,
    etag: `"${pointed.digest}"`,
    from: pointed.from === 'stale' ? 'stale' : answer.from,
    body: async function* (range) {
      yield bytes.subarray(range?.start ?? 0, range?.end ?? bytes.length)
    }
  }
  const extra = { 'docker-content-digest': pointed.digest }
  await respond(request, response, {}, whole, extra)
}

async function resolve(call: Call, place: Proxied, reference: Reference): Promise<Pointed> {
  if ('digest' in reference) return { digest: reference.digest, from: 'store' }
  const pointer = {
    key: `oci/${place.upstream.name}/${place.name}/${reference.tag}`,
    url: registryUrl(place.upstream, `${place.name}/manifests/${reference.tag}`),
    headers: { accept: acceptedManifests },
    maxAgeMs: tagAgeMs,
    take: async (digest: Digest) => {
      const { answer, bytes } = await fetchManifest({ ...call, signal: undefined }, place, digest)
      readUpstreams(bytes, answer.key)
    }
  }
  return await call.options.pointers.resolve(pointer, { signal: call.signal })
}

async function fetchManifest(
  call: Pick<Call, 'options'> & { readonly signal: AbortSignal | undefined },
  place: Proxied,
  digest: Digest
): Promise<{ answer: PullAnswer; bytes: Buffer }> {
  const wanted = classify(call, place, `manifests/${digest}`)
  const { signal } = call
  const answer = await call.options.pull.fetch(wanted, signal === undefined ? {} : { signal })
  return { answer, bytes: await gatherUpstreams(answer.body(), limits.manifestBytes, wanted.url) }
}

/** As `gather`, but what is too long is no fault of the client that asked. */
async function gatherUpstreams(
  body: Body | undefined,
  mostBytes: number,
  url: string
): Promise<Buffer> {
  try {
    return await gather(body, mostBytes)
  } catch (cause) {
    const error = toCairnError(cause)
    if (error.code !== 'file-too-large') throw cause
    throw new CairnError('upstream', `${url}: the upstream sends ${error.message}`, { cause })
  }
}

/** The digest was right: what is not readable was so when it was made. */
function readUpstreams(bytes: Uint8Array, key: string): ReturnType<typeof readManifest> {
  try {
    return readManifest(bytes)
  } catch (cause) {
    throw new CairnError('upstream', `${key}: ${toCairnError(cause).message}`, { cause })
  }
}

function remember(
  { options }: Call,
  { upstream, name }: Proxied,
  tag: string,
  key: string,
  manifest: ReturnType<typeof readManifest>
): void {
  const item = options.catalog.get(key)
  const [digest] = item?.digests ?? []
  if (item === undefined || digest === undefined) return
  showTag(options.catalog, `${upstream.name}/${name}/${tag}`, { ...item, digest }, manifest)
}

/** GET of an upstream's tags, as it lists them now; those known here if it cannot be asked. */
export async function listProxiedTags(call: Call, place: Proxied): Promise<void> {
  const { upstream, name } = place
  const page = pageOf(call.query)
  const query = new URLSearchParams({
    n: String(page.count),
    ...(page.last === '' ? {} : { last: page.last })
  })
  const url = registryUrl(upstream, `${name}/tags/list?${query}`)
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(limits.upstreamHeadMs)])
  try {
    const { tags, more } = await askForTags(call, url, signal)
    const last = tags.at(-1)
    const next = `</v2/${call.asked}/tags/list?n=${page.count}&last=${encodeURIComponent(last ?? '')}>; rel="next"`
    sendJson(call, { name: call.asked, tags }, more && last !== undefined ? { link: next } : {})
  } catch (cause) {
    const error = toCairnError(cause)
    const known = call.options.pointers.known(`oci/${upstream.name}/${name}`)
    if (error.code === 'not-found' || known.length === 0 || call.signal.aborted) throw error
    const tags = known.filter(tag => tag > page.last).slice(0, page.count)
    sendJson(call, { name: call.asked, tags }, { 'x-cairn': 'stale' })
  }
}

async function askForTags(
  call: Call,
  url: string,
  signal: AbortSignal
): Promise<{ tags: string[]; more: boolean }> {
  const { status, headers, body } = await call.options
    .fetchUpstream(url, { headers: { accept: 'application/json' }, signal })
    .catch((cause: unknown) => {
      throw new CairnError('upstream', `${url}: ${toCairnError(cause).message}`, { cause })
    })
  const bytes = await gatherUpstreams(body, limits.tagListBytes, url)
  if (status !== 200) {
    const code = status === 404 ? 'not-found' : 'upstream'
    throw new CairnError(code, `${url}: the upstream answered ${status}`)
  }
  const { tags } = parseList(bytes, url) as { tags?: unknown }
  const texts = Array.isArray(tags) ? tags.filter(tag => typeof tag === 'string') : []
  return { tags: texts, more: headers.get('link')?.includes('rel="next"') === true }
}

/**
 * GET of what refers to an upstream's manifest. One whose registry has no API for it is looked for
 * under the tag that clients keep referrers at then.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#unavailable-referrers-api
 */
export async function listProxiedReferrers(
  call: Call,
  place: Proxied,
  digest: Digest
): Promise<void> {
  const { pull } = call.options
  const wanted = classify(call, place, `referrers/${digest}`)
  const { bytes, from } = await pull.fetch(wanted, { signal: call.signal }).then(
    async answer => ({
      bytes: await gatherUpstreams(answer.body(), limits.manifestBytes, wanted.url),
      from: answer.from
    }),
    async (cause: unknown) => {
      if (toCairnError(cause).code !== 'not-found') throw cause
      return await taggedReferrers(call, place, digest)
    }
  )
  const manifests =
    bytes === undefined ? [] : (parseList(bytes, wanted.url) as { manifests?: unknown }).manifests
  const stale: Record<string, string> = from === 'stale' ? { 'x-cairn': 'stale' } : {}
  sendReferrers(call, Array.isArray(manifests) ? (manifests as Referrer[]) : [], stale)
}

async function taggedReferrers(
  call: Call,
  place: Proxied,
  digest: Digest
): Promise<{ bytes: Buffer | undefined; from: Pointed['from'] }> {
  try {
    const pointed = await resolve(call, place, { tag: referrersTag(digest) })
    const { bytes } = await fetchManifest(call, place, pointed.digest)
    return { bytes, from: pointed.from }
  } catch (cause) {
    if (toCairnError(cause).code !== 'not-found') throw cause
    return { bytes: undefined, from: 'upstream' }
  }
}

function parseList(bytes: Buffer, url: string): object {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said below.
  }
  throw new CairnError('upstream', `${url}: the upstream's list is not JSON`)
}

function classify(
  { options }: Pick<Call, 'options'>,
  { upstream, name }: Proxied,
  what: string
): Classification {
  const path = `${upstream.name}/${name}/${what}`
  const upstreams = { [upstream.name]: upstream }
  const wanted = options.adapter.classify({ path, headers: {}, upstreams })
  if (wanted === undefined) throw new CairnError('not-found', `${path} is nothing to fetch`)
  return wanted
}
