import type { CID } from 'multiformats/cid'
import { complete } from '../base/complete.ts'
import { contentTypeOf } from '../base/content-type.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Name, nameText, toName } from '../base/names.ts'
import { chooseRange } from './choose-range.ts'
import { showFolder } from './directory-page.ts'
import {
  answerUnchanged,
  cacheControl,
  commonHeaders,
  disposition,
  type Exchange,
  send
} from './exchange.ts'
import { findPlace, type Place } from './find-place.ts'

const indexName = toName('index.html')

/**
 * What a page may do: show itself, but run nothing. It has the origin of everything else that Cairn
 * serves here, so a script in it would act in its reader's name.
 */
const policy =
  "default-src 'self' data: 'unsafe-inline'; script-src 'none'; object-src 'none'; connect-src 'none'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Types that browsers show as documents: shown under the policy. */
const pageTypes: Readonly<Record<string, string>> = {
  htm: 'text/html; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
  woff2: 'font/woff2',
  xml: 'text/xml'
}

/** Files, whole or in ranges, and folders as pages: https://specs.ipfs.tech/http-gateways/path-gateway/ */
export async function servePage(exchange: Exchange): Promise<void> {
  const { asked, reader, response, root, signal } = exchange
  const found = await complete(exchange, signal, () => {
    const place = findPlace(reader, root, asked.path)
    const { kind, bytes } = reader.info(place.cid)
    return { place, kind, bytes }
  })
  const { place, kind, bytes } = found
  const name = asked.path.at(-1)
  if (kind === 'symlink') return serveLink(exchange, place)
  if (kind === 'file') return await serveFile(exchange, { place, bytes, name })
  if (!asked.trailingSlash) {
    const [, query = ''] = /\?(.*)$/.exec(exchange.request.url ?? '') ?? []
    const location = `${asked.pathText}/${query === '' ? '' : `?${query}`}`
    response.writeHead(301, { ...commonHeaders(exchange, place.cids), location }).end()
    return
  }
  const index = await findIndex(exchange, place.cid)
  if (index === undefined) return await showFolder(exchange, place)
  const cids = [...place.cids, index.cid]
  await serveFile(exchange, {
    place: { cid: index.cid, cids },
    bytes: index.bytes,
    name: indexName
  })
}

async function findIndex(
  exchange: Exchange,
  folder: CID
): Promise<{ cid: CID; bytes: number } | undefined> {
  const { reader, signal } = exchange
  return await complete(exchange, signal, () => {
    if (reader.lookup(folder.code, folder.multihash.bytes, indexName) === undefined) {
      return undefined
    }
    const { cid } = findPlace(reader, folder, [indexName])
    const { kind, bytes } = reader.info(cid)
    return kind === 'file' ? { cid, bytes } : undefined
  })
}

interface ServedFile {
  readonly place: Place
  readonly bytes: number
  readonly name: Name | undefined
}

async function serveFile(exchange: Exchange, { place, bytes, name }: ServedFile): Promise<void> {
  const { asked, request, response } = exchange
  const etag = `"${place.cid}"`
  const shown = asked.filename ?? (name === undefined ? undefined : nameText(name))
  const headers = {
    ...commonHeaders(exchange, place.cids),
    etag,
    ...cacheControl(exchange),
    'accept-ranges': 'bytes',
    'content-security-policy': policy,
    ...(shown === undefined
      ? {}
      : { 'content-disposition': disposition(asked.download ? 'attachment' : 'inline', shown) })
  }
  if (answerUnchanged(exchange, headers)) return
  const range = chooseRange(exchange, headers, bytes)
  if (range === undefined) return
  const { start, end } = range
  const head = { ...headers, 'content-type': typeOf(shown), ...range.headers }
  const send = request.method === 'HEAD' ? 0 : end - start + 1
  await sendBytes(exchange, place.cid, { start, bytes: send }, () =>
    response.writeHead(range.status, head)
  )
}

function typeOf(shown: string | undefined): string {
  if (shown === undefined) return 'application/octet-stream'
  const ending = /\.(\w{1,8})$/.exec(shown)?.[1]?.toLowerCase() ?? ''
  const page = Object.hasOwn(pageTypes, ending) ? pageTypes[ending] : undefined
  return page ?? contentTypeOf(Buffer.from(shown, 'utf8').toString('latin1') as Name)
}

/** The head goes when the first piece is there, so that a file that cannot be read is answered by an error. */
async function sendBytes(
  exchange: Exchange,
  { code, multihash }: CID,
  { start, bytes }: { start: number; bytes: number },
  begin: () => void
): Promise<void> {
  const { reader, response, signal } = exchange
  const piece = Buffer.allocUnsafeSlow(Math.min(limits.gatewayPieceBytes, Math.max(bytes, 1)))
  for (let sent = 0; sent < bytes; ) {
    const wanted = piece.subarray(0, Math.min(piece.byteLength, bytes - sent))
    const count = await complete(exchange, signal, () =>
      reader.readFile(code, multihash.bytes, wanted, start + sent)
    )
    if (count === 0) throw new CairnError('corrupt', 'the file is shorter than it claims')
    if (sent === 0) begin()
    await send(exchange, wanted.subarray(0, count))
    sent += count
  }
  if (bytes === 0) begin()
  response.end()
}

/** A link is shown as where it leads: it may lead out of what the CID names. */
function serveLink(exchange: Exchange, { cid, cids }: Place): void {
  const { reader, request, response } = exchange
  const target = reader.readSymlink(cid.code, cid.multihash.bytes)
  const headers = {
    ...commonHeaders(exchange, cids),
    etag: `"${cid}"`,
    ...cacheControl(exchange)
  }
  if (answerUnchanged(exchange, headers)) return
  response.writeHead(200, {
    ...headers,
    'content-type': 'inode/symlink',
    'content-length': target.byteLength
  })
  response.end(request.method === 'HEAD' ? undefined : target)
}
