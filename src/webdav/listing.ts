import { escapeXml } from '../base/escape-xml.ts'
import { type Name, nameText } from '../base/names.ts'
import type { Dav, Exchange } from './api.ts'
import { membersOf } from './members.ts'
import { davRoot, encodeName, hrefOf } from './path.ts'
import { isCollection, isInMfs, type NodeResource, type Resource } from './resource.ts'
import { streamOut } from './stream-out.ts'
import { uploadForm, uploadPolicy } from './upload.ts'
import { modifiedMsOf } from './validators.ts'
import { namesInView } from './view.ts'

const style = `body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:60em;padding:0 1em}
td{padding:0 2em 0 0}td+td{text-align:right;white-space:nowrap;color:#666}a{text-decoration:none}`

/** A folder for a browser: a plain page, streamed; where the user may write, with an upload. */
export async function showListing(exchange: Exchange, collection: Resource): Promise<void> {
  const { dav, request, response } = exchange
  const upload = dav.view.writable && collection.kind === 'node' && isInMfs(dav, collection)
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': upload ? `${policy}; ${uploadPolicy}` : policy,
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
  out.add(
    names.length === 0 ? '<table>' : `<table><tr><td><a href="${base(names.slice(0, -1))}">..</a>\n`
  )
  for await (const members of membersOf(exchange, collection)) {
    for (const member of members) out.add(row(dav, member))
    await out.flush()
  }
  out.add('</table></html>\n')
  await out.end()
}

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

function head(names: readonly Name[]): string {
  const title = escapeXml([davRoot.slice(1), ...names.map(nameText)].join('/'))
  return `<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${title}</title>
<style>${style}</style><h1>${title}</h1>`
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
