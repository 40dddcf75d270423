import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { FetchUpstream } from '../api.ts'

type Answer = Awaited<ReturnType<FetchUpstream>>
type Options = Parameters<FetchUpstream>[1]

/**
 * Lists that an upstream sends by pages are answered whole, so that they are held whole: the `manifests` of
 * all pages in the first one's index. The next page is asked for at the upstream's own origin only; a list of
 * more than `limits.listPages` pages or `limits.manifestBytes` throws `upstream`, and so does a page that fails:
 * a part of a list never passes for the whole. The answer has no validator, which would be of one page.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-referrers
 */
export function openWholeLists(
  fetchUpstream: FetchUpstream,
  isList: (url: string) => boolean
): FetchUpstream {
  return async (url, options) => {
    const first = await fetchUpstream(url, options)
    const wanted = isList(url) && (options.method ?? 'GET') === 'GET' && first.status === 200
    const next = wanted ? nextPage(url, first.headers) : undefined
    if (next === undefined) return first
    const bytes = await gatherPages(fetchUpstream, options, { url, first, next })
    const headers = new Headers({ 'content-length': String(bytes.length) })
    const type = first.headers.get('content-type')
    if (type !== null) headers.set('content-type', type)
    return { status: 200, headers, body: onePiece(bytes) }
  }
}

async function gatherPages(
  fetchUpstream: FetchUpstream,
  options: Options,
  { url, first, next }: { url: string; first: Answer; next: string }
): Promise<Buffer> {
  const read = await readPage(url, first, limits.manifestBytes)
  const manifests = [...read.manifests]
  let left = limits.manifestBytes - read.bytes
  const headers = withoutConditions(options.headers)
  let page: string | undefined = next
  for (let pages = 1; page !== undefined; pages++) {
    if (pages >= limits.listPages) {
      throw new CairnError('upstream', `${url}: the list has more than ${pages} pages`)
    }
    const answer = await fetchUpstream(page, { ...options, headers })
    if (answer.status !== 200) {
      throw new CairnError('upstream', `${page}: the upstream answered ${answer.status}`)
    }
    const more = await readPage(page, answer, left)
    manifests.push(...more.manifests)
    left -= more.bytes
    page = nextPage(page, answer.headers)
  }
  return Buffer.from(JSON.stringify({ ...read.index, manifests }))
}

/** The conditions are of the list: a page is read whole, or it is not had. */
function withoutConditions(headers: Options['headers']): Options['headers'] {
  const kept = Object.entries(headers).filter(([name]) => !/^(if-|range$)/i.test(name))
  return Object.fromEntries(kept)
}

/**
 * Where a list goes on, of its `Link` header: of what that says only the query is used, as the path may lack what a
 * proxy before the upstream adds. Throws `upstream` if it names another origin or another list.
 * https://www.rfc-editor.org/rfc/rfc8288
 */
function nextPage(url: string, headers: Headers): string | undefined {
  const header = (headers.get('link') ?? '').slice(0, 8192)
  const [, target] = /<([^<>]*)>[^<>]*;\s*rel\s*=\s*"?next"?(?:\s*[;,]|\s*$)/i.exec(header) ?? []
  if (target === undefined) return undefined
  const next = URL.parse(target, url)
  const own = new URL(url)
  const last = own.pathname.slice(own.pathname.lastIndexOf('/'))
  if (next === null || next.origin !== own.origin || !next.pathname.endsWith(last)) {
    const shown = JSON.stringify(target.slice(0, 200))
    throw new CairnError('upstream', `${url}: goes on at ${shown}, which is not the same list`)
  }
  own.search = next.search
  return own.href
}

interface Page {
  readonly index: object
  readonly manifests: readonly unknown[]
  readonly bytes: number
}

async function readPage(url: string, { body }: Answer, mostBytes: number): Promise<Page> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    bytes += piece.length
    if (bytes > mostBytes) {
      throw new CairnError(
        'upstream',
        `${url}: the list has more than ${limits.manifestBytes} bytes`
      )
    }
    pieces.push(piece)
  }
  const index = parseIndex(Buffer.concat(pieces).toString('utf8'))
  if (index === undefined) throw new CairnError('upstream', `${url}: a page is not an index`)
  return { index, manifests: index.manifests, bytes }
}

function parseIndex(text: string): { manifests: unknown[] } | undefined {
  try {
    const value = JSON.parse(text) as { manifests?: unknown } | null
    return Array.isArray(value?.manifests) ? { ...value, manifests: value.manifests } : undefined
  } catch {
    return undefined
  }
}

async function* onePiece(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}
