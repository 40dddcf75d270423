import { escapeXml } from '../base/escape-xml.ts'
import { type Name, nameText } from '../base/names.ts'
import { pageHead, pagePolicy } from '../base/plain-page.ts'
import type { Dav, Exchange } from './api.ts'
import { membersOf } from './members.ts'
import { davRoot, encodeName, hrefOf } from './path.ts'
import { isCollection, isInMfs, type NodeResource, type Resource } from './resource.ts'
import { streamOut } from './stream-out.ts'
import { uploadForm, uploadPolicy } from './upload.ts'
import { modifiedMsOf } from './validators.ts'
import { namesInView } from './view.ts'

const style = `
form,output{display:block;margin:1em 0;white-space:pre-line}
td:first-child{width:100%;overflow-wrap:anywhere}
td+td,th+th{padding-left:2em;text-align:right;white-space:nowrap;opacity:.7;font-variant-numeric:tabular-nums}
@media(max-width:40em){td+td+td,th+th+th{display:none}td{padding:.4em 0}}`

/** Rows are put in order as long as they take no more than this; else they come as the folder has them. */
const orderedBytes = 2 * 1024 * 1024

interface Row {
  readonly html: string
  readonly name: string
  readonly collection: boolean
}

/** A folder for a browser: a plain page, streamed; where the user may write, with an upload. */
export async function showListing(exchange: Exchange, collection: Resource): Promise<void> {
  const { dav, request, response } = exchange
  const upload = dav.view.writable && collection.kind === 'node' && isInMfs(dav, collection)
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': upload ? `${pagePolicy}; ${uploadPolicy}` : pagePolicy,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff'
  }
  if (request.method === 'HEAD') {
    response.writeHead(200, headers).end()
    return
  }
  const out = streamOut(exchange, 200, headers)
  const names = namesInView(dav.view, collection.names)
  out.add(head(names))
  if (upload) out.add(uploadForm(base(names)))
  out.add('<table><tr><th>Name<th>Size<th>Changed (UTC)\n')
  if (names.length > 0) out.add(`<tr><td><a href="${base(names.slice(0, -1))}">..</a><td><td>\n`)
  let rows: Row[] = []
  let bytes = 0
  for await (const members of membersOf(exchange, collection)) {
    for (const member of members) {
      const next = row(dav, member)
      bytes += next.html.length
      if (bytes <= orderedBytes) rows.push(next)
      else {
        for (const { html } of rows) out.add(html)
        rows = []
        out.add(next.html)
      }
    }
    await out.flush()
  }
  for (const html of inOrder(rows)) out.add(html)
  out.add('</table></html>\n')
  await out.end()
}

/** Folders first, then by name, as people count: 9 before 10. */
function inOrder(rows: readonly Row[]): string[] {
  const keyed = rows.map(({ html, name, collection }) => {
    const counted = name.toLowerCase().replace(/\d+/g, digits => digits.padStart(8, '0'))
    return { html, key: `${collection ? 0 : 1}${counted}` }
  })
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ html }) => html)
}

function head(names: readonly Name[]): string {
  const title = [davRoot.slice(1), ...names.map(nameText)].join('/')
  const steps = names.map((name, depth) => {
    const href = base(names.slice(0, depth + 1))
    return ` / <a href="${href}">${escapeXml(nameText(name))}</a>`
  })
  const heading = `<a href="${base([])}">${davRoot.slice(1)}</a>${steps.join('')}`
  return pageHead(title, { style, heading })
}

function row(dav: Dav, member: Resource): Row {
  const name = nameText(member.names.at(-1) ?? ('' as Name))
  const collection = isCollection(member)
  const slash = collection ? '/' : ''
  const link = hrefOf(dav.view, member.names, collection)
  const details = member.kind === 'node' ? detailsOf(dav, member, collection) : '<td><td>'
  const html = `<tr><td><a href="${link}">${escapeXml(name)}${slash}</a>${details}\n`
  return { html, name, collection }
}

function detailsOf({ dates }: Dav, { attributes }: NodeResource, collection: boolean): string {
  const size = collection ? '' : attributes.size.toLocaleString('en')
  const day = dates.iso(modifiedMsOf(attributes)).slice(0, 16).replace('T', ' ')
  return `<td>${size}<td>${day}`
}

function base(names: readonly Name[]): string {
  return `${davRoot}/${names.map(name => `${encodeName(name)}/`).join('')}`
}
