import {
  attestationsOf,
  formOf,
  keysOf,
  mainUpstream,
  packumentOf,
  type Shape,
  shapedPackument,
  sourceOf,
  tarballOf
} from '../../../adapters/npm/classify.ts'
import { matchesName } from '../../../adapters/npm/match-name.ts'
import type { NpmTarget } from '../../../adapters/npm/target.ts'
import type { Part } from '../../../adapters/npm/write-packument.ts'
import { CairnError } from '../../base/errors.ts'
import type { Classification } from '../../pull/adapter.ts'
import type { PullAnswer } from '../../pull/api.ts'
import { BufferPool } from '../../pull/buffers.ts'
import { storedBody } from '../../pull/stored-body.ts'
import { respond } from '../respond.ts'
import { baseOf, type Call, sendJson } from './call.ts'
import { hostedSource, unpublished } from './hosted-package.ts'
import { type Place, placeOf } from './place.ts'

type Target<Kind extends NpmTarget['kind']> = Extract<NpmTarget, { kind: Kind }>

const hourMs = 3_600_000

export function findPlace({ options, registries, view }: Call, name: string): Place {
  return placeOf(name, view, registries, name => options.packages.has(name))
}

/** GET and HEAD of a packument, of one version of it, or of its tags. */
export async function sendPackument(call: Call, name: string, only?: Part): Promise<void> {
  const place = findPlace(call, name)
  const prefix = place.kind === 'hosted' ? 'npm/' : place.source.prefix
  const source = place.kind === 'hosted' ? published(call, name) : packumentOf(place.source, name)
  const shape = { ...shapeOf(call, place, name), ...(only === undefined ? {} : { only }) }
  await send(call, shapedPackument(source, prefix, name, shape, call.options.documents))
}

/** Throws `not-found` also for a package that lost all its versions. */
function published(call: Call, name: string): Classification {
  const source = hostedSource(call, name)
  if (source === undefined || !call.options.packages.isPublished(name))
    throw unpublished(call, name)
  return source
}

function shapeOf(call: Call, place: Place, name: string): Shape {
  const { request, view } = call
  const youngestMs = place.kind === 'hosted' ? undefined : youngestOf(call, name)
  const cutoffs = [view.asOfMs, youngestMs].filter(each => each !== undefined)
  return {
    form: formOf(request.headers.accept),
    base: baseOf(call),
    cutoffMs: cutoffs.length === 0 ? undefined : Math.min(...cutoffs),
    view: view.asOfMs === undefined ? '' : `@${new Date(view.asOfMs).toISOString()}/`
  }
}

/** The minimum age, by whole hours: what is made with it is right for so long. */
function youngestOf({ registries, options }: Call, name: string): number | undefined {
  const { minimumAgeMs, anyAge } = registries
  if (minimumAgeMs === undefined || anyAge.some(pattern => matchesName(pattern, name)))
    return undefined
  return Math.floor((options.clock.nowMs() - minimumAgeMs) / hourMs) * hourMs
}

/** GET and HEAD of a tarball. */
export async function sendTarball(call: Call, { name, file }: Target<'tarball'>): Promise<void> {
  const place = findPlace(call, name)
  if (place.kind === 'proxied') return await send(call, tarballOf(place.source, name, file))
  const { options, request, response } = call
  const held = options.packages.tarball(name, file)
  if (held === undefined) throw new CairnError('not-found', `${name} has no ${file} here`)
  const answer: PullAnswer = {
    key: held.digest,
    mediaType: 'application/octet-stream',
    bytes: held.bytes,
    lastModified: new Date(held.storedMs).toUTCString(),
    etag: `"${held.digest.slice('sha256:'.length)}"`,
    from: 'store',
    body: range => storedBody(options.reader, held, new BufferPool(), range)
  }
  await respond(request, response, {}, answer)
}

/** GET of a version's attestations: what the upstream has, kept for a day. */
export async function sendAttestations(
  call: Call,
  { name, version }: Target<'attestations'>
): Promise<void> {
  const place = findPlace(call, name)
  if (place.kind === 'hosted') {
    throw new CairnError('not-found', `${name} is hosted here, without attestations`)
  }
  await send(call, attestationsOf(place.source, name, version))
}

/** GET of the keys that the upstream signs with. */
export async function sendKeys(call: Call): Promise<void> {
  const upstream = call.registries.upstreams[call.view.upstream ?? mainUpstream]
  if (upstream === undefined) return sendJson(call, { keys: [] })
  await send(call, keysOf(sourceOf(upstream)))
}

async function send(call: Call, wanted: Classification): Promise<void> {
  const { options, request, response, signal } = call
  const answer = await options.pull.fetch(wanted, { signal })
  await respond(request, response, wanted, answer)
}
