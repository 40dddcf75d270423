import { type Name, nameText } from '../base/names.ts'
import type { Dav, Exchange } from './api.ts'
import { escapeXml } from './escape-xml.ts'
import { membersOf } from './members.ts'
import { davRoot, encodeName, hrefOf } from './path.ts'
import { isCollection, type NodeResource, type Resource } from './resource.ts'
import { StreamOut } from './stream-out.ts'
import { modifiedMsOf } from './validators.ts'
import { namesInView } from './view.ts'

const style = `body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em}
td{padding:0 2em 0 0}td+td{text-align:right;white-space:nowrap;color:#666}a{text-decoration:none}`

/** A folder for a browser: a plain page without scripts, streamed. */
export async function showListing(exchange: Exchange, collection: Resource): Promise<void> {
  const { dav, request, response, signal } = exchange
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff'
  })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const out = new StreamOut(response, signal)
  out.add(head(namesInView(dav.view, collection.names)))
  for await (const members of membersOf(exchange, collection)) {
    for (const member of members) out.add(row(dav, member))
    await out.flush()
  }
  out.add('</table></html>\n')
  await out.end()
}

function head(names: readonly Name[]): string {
  const title = escapeXml([davRoot.slice(1), ...names.map(nameText)].join('/'))
  const up = names.length === 0 ? '' : `<tr><td><a href="${base(names.slice(0, -1))}">..</a>\n`
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
<style>${style}</style><h1>${title}</h1><table>${up}`
}

function row(dav: Dav, member: Resource): string {
  const name = member.names.at(-1) ?? ('' as Name)
  const slash = isCollection(member) ? '/' : ''
  const link = hrefOf(dav.view, member.names, slash !== '')
  const details = member.kind === 'node' ? detailsOf(dav, member, slash !== '') : ''
  return `<tr><td><a href="${link}">${escapeXml(nameText(name))}${slash}</a>${details}\n`
}

function detailsOf({ dates }: Dav, { attributes }: NodeResource, collection: boolean): string {
  const size = collection ? '' : attributes.size.toLocaleString('en')
  const day = dates.iso(modifiedMsOf(attributes)).slice(0, 16).replace('T', ' ')
  return `<td>${size}<td>${day}`
}

function base(names: readonly Name[]): string {
  return `${davRoot}/${names.map(name => `${encodeName(name)}/`).join('')}`
}
