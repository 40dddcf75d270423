import { cidText } from '../base/blocks.ts'
import { complete } from '../base/complete.ts'
import { escapeXml } from '../base/escape-xml.ts'
import { nameBytes, nameText } from '../base/names.ts'
import { pageHead, pagePolicy } from '../base/plain-page.ts'
import type { DirectoryLink } from '../unixfs/api.ts'
import { answerUnchanged, commonHeaders, type Exchange, write } from './exchange.ts'
import type { Place } from './find-place.ts'

const style = `
td{overflow-wrap:anywhere}td+td{padding-left:2em;text-align:right;opacity:.7;font-size:.9em}
@media(max-width:40em){td+td{display:none}td{padding:.4em 0}}`

/** Rows that are written at a time. */
const rowsTogether = 256

/** A folder without an index.html: a plain page of its entries, streamed. */
export async function showFolder(exchange: Exchange, { cid, cids }: Place): Promise<void> {
  const { asked, reader, request, response, signal } = exchange
  const headers = {
    ...commonHeaders(exchange, cids),
    // The page is this program's: it changes with it, though the folder does not.
    etag: `W/"folder.${cid}"`,
    'cache-control': 'no-cache',
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': pagePolicy
  }
  if (answerUnchanged(exchange, headers)) return
  const links = await complete(exchange, signal, () => reader.list(cid.code, cid.multihash.bytes))
  response.writeHead(200, headers)
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const up = asked.path.length === 0 ? '' : '<tr><td><a href="..">..</a><td>\n'
  await write(exchange, `${head(decodeURI(asked.pathText), cid.toString())}<table>${up}`)
  for (let at = 0; at < links.length; at += rowsTogether) {
    await write(
      exchange,
      links
        .slice(at, at + rowsTogether)
        .map(row)
        .join('')
    )
  }
  response.end('</table></html>\n')
}

function head(path: string, cid: string): string {
  return `${pageHead(path, { style })}<p>${cid}\n`
}

/** `./` before a name: one with a colon in it would be taken for a scheme. */
function row({ name, codec: code, multihash, cidVersion }: DirectoryLink): string {
  const href = Array.from(nameBytes(name), encodeByte).join('')
  const cid = cidText(code, multihash, cidVersion)
  return `<tr><td><a href="./${href}">${escapeXml(nameText(name))}</a><td>${cid}\n`
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte)
  return /[\w.~-]/.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}
