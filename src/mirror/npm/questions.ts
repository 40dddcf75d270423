import { mainUpstream } from '../../../adapters/npm/classify.ts'
import { isObject, type JsonObject } from '../../../adapters/npm/packument.ts'
import { ByteBudget } from '../../base/byte-budget.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { type Call, gather, jsonOf, sendJson } from './call.ts'
import { hostedPackument } from './hosted-package.ts'
import { type NpmUpstream, placeOf } from './place.ts'

/** GET of a search: what is hosted here, then what the upstream finds. Throws `busy` if neither can be had. */
export async function sendSearch(call: Call): Promise<void> {
  const query = new URLSearchParams(call.query)
  const own = await searchHosted(call, query.get('text') ?? '')
  const from = Number(query.get('from') ?? 0)
  const size = Math.min(Number(query.get('size') ?? 20) || 20, limits.searchResults)
  const upstream = call.registries.upstreams[call.view.upstream ?? mainUpstream]
  const theirs =
    upstream === undefined
      ? undefined
      : await searchAt(call, upstream).catch((cause: unknown) => {
          if (own.length > 0) return undefined
          throw cause
        })
  const found =
    theirs === undefined ? [] : listOf(theirs.objects).filter(each => !isOwn(call, each))
  const total = own.length + (typeof theirs?.total === 'number' ? theirs.total : found.length)
  const time = new Date(call.options.clock.nowMs()).toUTCString()
  sendJson(call, { objects: [...own.slice(from, from + size), ...found], total, time })
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** An upstream's package of a name that is hosted here is another. */
function isOwn(call: Call, result: unknown): boolean {
  const found = isObject(result) && isObject(result.package) ? result.package.name : undefined
  return typeof found !== 'string' || isHosted(call, found)
}

function isHosted({ registries, options }: Call, name: string): boolean {
  const isPublished = (each: string): boolean => options.packages.has(each)
  return placeOf(name, { upstream: undefined }, registries, isPublished).kind === 'hosted'
}

async function searchAt(call: Call, upstream: NpmUpstream): Promise<JsonObject> {
  const query = new URLSearchParams(call.query).toString()
  const { status, value } = await ask(call, `${upstream.url}-/v1/search?${query}`)
  if (status !== 200 || !isObject(value))
    throw new CairnError('upstream', `${upstream.name} has no search: it says ${status}`)
  return value
}

async function searchHosted(call: Call, text: string): Promise<unknown[]> {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '')
  const found: unknown[] = []
  for (const name of call.options.packages.names()) {
    const packument = await hostedPackument(call, name)
    if (packument === undefined) continue
    const result = resultOf(name, packument)
    const { description, keywords } = result
    const all = `${name} ${String(description)} ${listOf(keywords).join(' ')}`.toLowerCase()
    if (words.every(word => all.includes(word))) found.push(scored(result))
  }
  return found
}

function resultOf(name: string, packument: JsonObject): JsonObject {
  const tags = isObject(packument['dist-tags']) ? packument['dist-tags'] : {}
  const versions = isObject(packument.versions) ? packument.versions : {}
  const version = String(tags.latest)
  const {
    description = '',
    keywords = [],
    _npmUser: publisher
  } = isObject(versions[version]) ? versions[version] : {}
  const time = isObject(packument.time) ? packument.time : {}
  const maintainers = listOf(packument.maintainers).flatMap(each => nameOf(each) ?? [])
  const about = { name, version, description, keywords, maintainers, publisher: nameOf(publisher) }
  return { ...about, date: time[version], links: {} }
}

/** npm shows who published by `username`. */
function nameOf(user: unknown): JsonObject | undefined {
  return isObject(user) ? { username: user.name, ...user } : undefined
}

function scored(result: JsonObject): unknown {
  const detail = { quality: 1, popularity: 1, maintenance: 1 }
  return { package: result, score: { final: 1, detail }, searchScore: 1 }
}

/**
 * POST of names and their versions, for advisories. Nothing is told of names that are hosted here or looked
 * up elsewhere. Throws `busy` when the upstream cannot be reached: "no advisories" would be a lie.
 */
export async function sendAdvisories(call: Call): Promise<void> {
  const asked = await jsonOf(call, limits.passedRequestBytes)
  if (!isObject(asked)) throw new CairnError('invalid', 'an audit is a JSON object')
  const { upstream, has } = auditorOf(call)
  const theirs = Object.fromEntries(Object.entries(asked).filter(([name]) => has(name)))
  await passAudit(call, `${upstream.url}-/npm/v1/security/advisories/bulk`, theirs)
}

/** POST of a project's tree, as older clients ask; as `sendAdvisories`. */
export async function sendAudit(call: Call): Promise<void> {
  const asked = await jsonOf(call, limits.passedRequestBytes)
  const { upstream, has } = auditorOf(call)
  const theirs = treeOf(asked, has, 0)
  await passAudit(call, `${upstream.url}-/npm/v1/security/audits/quick`, theirs)
}

/** Who knows advisories, and of which names. */
function auditorOf({ registries, options, view }: Call): {
  upstream: NpmUpstream
  has: (name: string) => boolean
} {
  const upstream = registries.upstreams[view.upstream ?? mainUpstream]
  if (upstream === undefined) {
    throw new CairnError('busy', 'no npm registry is configured that knows advisories')
  }
  const isPublished = (name: string): boolean => options.packages.has(name)
  const has = (name: string): boolean => {
    const place = placeOf(name, { upstream: undefined }, registries, isPublished)
    return place.kind === 'proxied' && place.source.upstream.name === upstream.name
  }
  return { upstream, has }
}

async function passAudit(call: Call, url: string, asked: unknown): Promise<void> {
  const { status, value } = await ask(call, url, Buffer.from(JSON.stringify(asked)))
  sendJson(call, value, status)
}

/** `requires` and `dependencies` are maps of names, at any depth; the project's own name is nobody's business. */
function treeOf(value: unknown, has: (name: string) => boolean, depth: number): unknown {
  if (depth > limits.auditDepth) throw new CairnError('invalid', 'an audit of too many levels')
  if (!isObject(value)) return value
  const { name: _, install: __, remove: ___, ...rest } = value
  const written = Object.entries(rest).map(([key, each]) => {
    if ((key !== 'requires' && key !== 'dependencies') || !isObject(each)) return [key, each]
    const theirs = Object.entries(each).filter(([name]) => has(name))
    return [
      key,
      Object.fromEntries(theirs.map(([name, node]) => [name, treeOf(node, has, depth + 1)]))
    ]
  })
  return { ...Object.fromEntries(written), ...(depth === 0 ? { install: [], remove: [] } : {}) }
}

async function ask(
  { options, signal }: Call,
  url: string,
  body?: Buffer
): Promise<{ status: number; value: unknown }> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(limits.upstreamHeadMs)])
  const headers = {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' })
  }
  const request = {
    headers,
    signal: deadline,
    ...(body === undefined ? {} : { method: 'POST', body })
  }
  try {
    const answer = await options.fetchUpstream(url, request)
    const text = (await bounded(answer.body)).toString('utf8')
    return { status: answer.status, value: parseOr(text) }
  } catch (cause) {
    if (signal.aborted) throw toCairnError(signal.reason)
    const text = toCairnError(cause).message
    throw new CairnError('busy', `the upstream cannot be reached now: ${text}`, { cause })
  }
}

async function bounded(body: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0)
  return await gather(new ByteBudget(limits.passedAnswerBytes, 'the upstream').pass(body))
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return { error: text.slice(0, 200) }
  }
}
