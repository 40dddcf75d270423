import { type BlockWriter, makeCid } from '../../base/blocks.ts'
import type { Clock } from '../../base/clock.ts'
import { algorithmOf, type Digest } from '../../base/digest.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { holding } from '../../base/holding.ts'
import type { UnixfsReader, UnixfsWriter } from '../../unixfs/api.ts'
import type { Catalog, CatalogItem, FetchUpstream } from '../api.ts'
import { bounds, defaultPatience } from '../bounds.ts'
import { download } from '../download.ts'
import { stampOf } from '../store-landed.ts'
import { PartialFile } from './partial-file.ts'

export interface FetchUrlParts {
  readonly catalog: Catalog
  readonly blocks: BlockWriter
  readonly reader: UnixfsReader
  readonly writer: UnixfsWriter
  readonly fetchUpstream: FetchUpstream
  readonly clock: Clock
  /** Where downloads that were cut wait for who goes on with them. */
  readonly folder: string
  readonly isProcess: (pid: number) => boolean
}

export interface FetchUrlOrder {
  /** http or https; name and password in it are for its host only. */
  readonly url: string
  /** What the bytes must be. */
  readonly expected: Digest | undefined
  readonly signal: AbortSignal
  readonly onBytes: (arrived: number, total: number | undefined) => void
}

export interface FetchedUrl {
  readonly item: CatalogItem
  /** `held`: nothing was asked; `unchanged`: its host says that what is held is right; `fetched`: all or the rest of it was. */
  readonly from: 'held' | 'unchanged' | 'fetched'
}

/** More than the engine makes: nobody else tries again for this caller. */
const attempts = 8

/**
 * Has what a URL names in the store and in the catalog, under the name that `keyOf` gives it. Bytes of a digest that
 * is held are not fetched, from wherever they came; a download that was cut goes on where it was. Throws
 * `mismatch` (nothing is kept then), `not-found`, `upstream`, `timeout`, `aborted`.
 */
export async function fetchUrl(parts: FetchUrlParts, order: FetchUrlOrder): Promise<FetchedUrl> {
  const { catalog } = parts
  const key = keyOf(order.url)
  const same = order.expected === undefined ? undefined : catalog.byDigest(order.expected)
  if (same !== undefined && isWhole(parts.reader, same)) return { item: same, from: 'held' }
  const partial = await openPartial(parts, order)
  try {
    const held = catalog.get(key)
    const usable = held !== undefined && isWhole(parts.reader, held) ? held : undefined
    const result = await bringAll(parts, order, partial, usable)
    if (result === 'not-modified' && usable !== undefined) {
      catalog.touch(key, parts.clock.nowMs())
      await partial.remove()
      return { item: usable, from: 'unchanged' }
    }
    const item = await holding(() => store(parts, key, partial))
    await partial.remove()
    return { item, from: 'fetched' }
  } catch (cause) {
    const error = toCairnError(cause, `fetching ${order.url}`)
    const passes = ['aborted', 'timeout', 'upstream', 'no-space'].includes(error.code)
    await (passes ? partial.leave() : partial.remove())
    throw error
  }
}

function openPartial(
  { folder, isProcess }: FetchUrlParts,
  { url, expected, onBytes }: FetchUrlOrder
): Promise<PartialFile> {
  const algorithms = expected === undefined ? [] : [algorithmOf(expected)]
  return PartialFile.open({ folder, url, algorithms, isProcess, onBytes })
}

async function bringAll(
  { fetchUpstream }: FetchUrlParts,
  { url, expected, signal }: FetchUrlOrder,
  partial: PartialFile,
  held: CatalogItem | undefined
): Promise<'complete' | 'not-modified'> {
  const { address, headers } = withoutCredentials(url)
  const { resumed } = partial
  const fresh = resumed === undefined && expected === undefined ? held : undefined
  const request = {
    url: address,
    validators: { etag: fresh?.etag, lastModified: fresh?.lastModified },
    expected: expected === undefined ? undefined : { digest: expected, bytes: undefined },
    immutable: false,
    headers,
    mostBytes: bounds.flightBytes,
    attempts,
    headMs: defaultPatience.headMs,
    ...(resumed === undefined ? {} : { resumed })
  }
  return await download(request, partial, { fetchUpstream, patience: defaultPatience, signal })
}

function withoutCredentials(url: string): { address: string; headers: Record<string, string> } {
  const parsed = new URL(url)
  const { username, password } = parsed
  parsed.username = ''
  parsed.password = ''
  if (username === '' && password === '') return { address: parsed.href, headers: {} }
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const authorization = `Basic ${Buffer.from(plain).toString('base64')}`
  return { address: parsed.href, headers: { authorization } }
}

/**
 * What came unencrypted may be anybody's, and what came with a password is not for everybody: neither goes by the name of
 * what the host gives to all by https. Throws `usage` for what is no http or https URL.
 */
export function keyOf(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new CairnError('usage', `${JSON.stringify(url.slice(0, 120))} is not an http(s) URL`)
  }
  const path = `${parsed.pathname}${parsed.search}`.replace(/^\/+/, '')
  const plain = parsed.protocol === 'http:' ? 'http+' : ''
  const own = parsed.username === '' && parsed.password === '' ? '' : 'own+'
  const host = parsed.host.replaceAll(':', '+')
  return `url/${own}${plain}${host}/${path === '' ? 'index' : path}`
}

function isWhole(reader: UnixfsReader, { cid }: CatalogItem): boolean {
  try {
    for (const _ of reader.walk(cid));
    return true
  } catch (cause) {
    const { code } = toCairnError(cause)
    if (code === 'missing' || code === 'corrupt') return false
    throw cause
  }
}

async function store(
  { catalog, blocks, writer, clock }: FetchUrlParts,
  key: string,
  partial: PartialFile
): Promise<CatalogItem> {
  const { digests, resumed } = partial
  const builder = writer.file()
  for await (const piece of partial.read()) builder.write(piece)
  const node = builder.finish()
  blocks.flush({ durable: true })
  const nowMs = clock.nowMs()
  const item: CatalogItem = {
    key,
    cid: makeCid(node.codec, node.multihash, node.cidVersion),
    bytes: partial.bytes,
    mediaType: 'application/octet-stream',
    digests,
    etag: resumed?.head.etag,
    ...stampOf(catalog.get(key), resumed?.head, nowMs),
    validatedMs: nowMs,
    usedMs: nowMs
  }
  catalog.put(item, { version: true })
  return item
}
