import type { IncomingMessage } from 'node:http'
import { CairnError } from '../base/errors.ts'
import type { Attributes } from '../vfs/api.ts'
import type { Dav, Exchange } from './api.ts'
import { decide, holds, type IfState, parseIf, submittedTokens, type Tags } from './conditions.ts'
import { type DavPath, davRoot, isBelow, parsePath, pathOf } from './path.ts'
import { Refusal, refuse } from './refuse.ts'
import { find, isCollection, type Resource } from './resource.ts'

/**
 * Entity tags of a resource, strong. What is sealed shows its CID; the tag it had before is still
 * known, since sealing changes nothing that a client sees.
 */
export function tagsOf(dav: Dav, resource: Resource): Tags {
  if (resource.kind === 'folder') return []
  const { tree, attributes } = resource
  if (tree === dav.trees.mfs) {
    const { cid, version } = dav.trees.mfs.validators(attributes)
    const draft = `"${version}"`
    if (cid !== undefined) return [`"${cid}"`, draft]
    return isCollection(resource) ? [] : [draft]
  }
  try {
    return [`"${Buffer.from(tree.xattr(attributes.ino, 'user.cairn.cid')).toString('latin1')}"`]
  } catch (error) {
    if (error instanceof CairnError && error.code === 'no-attribute') return []
    throw error
  }
}

/**
 * The tag of what is sent packed: other bytes need another one. In a condition it means the resource,
 * so that who was sent it may say what is to be replaced. https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.3
 */
export function packedTag(tag: string): string {
  return tag.replace(/"$/, '-gzip"')
}

/** The first of its tags; undefined for what has none. */
export function shownTagOf(dav: Dav, resource: Resource): string | undefined {
  if (resource.kind === 'folder' || resource.tree !== dav.trees.mfs) return tagsOf(dav, resource)[0]
  const validators = dav.trees.mfs.validators(resource.attributes)
  const { cid } = validators
  if (cid !== undefined) return `"${cid}"`
  return isCollection(resource) ? undefined : `"${validators.version}"`
}

export function modifiedMsOf({ mtimeSeconds, mtimeNanoseconds }: Attributes): number {
  return mtimeSeconds * 1000 + Math.floor(mtimeNanoseconds / 1_000_000)
}

/**
 * Holds a request's conditions against what is there now; returns the lock tokens it showed. Throws
 * a refusal with status 412, 400; for GET and HEAD 304.
 */
export function checkConditions(exchange: Exchange, resource: Resource | undefined): Set<string> {
  const { dav, request } = exchange
  const { headers, method } = request
  const tags = resource === undefined ? [] : tagsKnown(dav, resource)
  const node = resource?.kind === 'node' && !isCollection(resource) ? resource : undefined
  const decision = decide(
    {
      ifMatch: headers['if-match'],
      ifNoneMatch: headers['if-none-match'],
      ifModifiedSince: headers['if-modified-since'],
      ifUnmodifiedSince: headers['if-unmodified-since'],
      reads: method === 'GET' || method === 'HEAD'
    },
    {
      exists: resource !== undefined,
      tags,
      modifiedMs: node === undefined ? undefined : modifiedMsOf(node.attributes)
    }
  )
  if (decision === 'go on') return checkIf(exchange, tags)
  if (decision === 304) nameWhatStands(exchange, tags)
  throw refuse(decision, 'a condition of the request does not hold')
}

/** A 304 says of what: https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5 */
function nameWhatStands({ request, response }: Exchange, tags: Tags): void {
  const asked = request.headers['if-none-match'] ?? ''
  const shown = tags.find(tag => asked.includes(tag)) ?? tags[0]
  if (shown !== undefined) response.setHeader('etag', shown)
  response.setHeader('cache-control', 'no-cache')
  response.setHeader('vary', 'accept-encoding')
}

function checkIf(exchange: Exchange, tags: Tags): Set<string> {
  const header = joined(exchange.request, 'if')
  if (header === undefined) return tokenShown(exchange)
  const lists = parseIf(header)
  const { dav, path } = exchange
  const stateOf = (url: string | undefined): IfState => {
    const at = url === undefined ? path : urlPath(exchange, url)
    if (at === undefined) return { tags: [], hasToken: () => false }
    const known = new Set(dav.locks.covering(at).map(({ token }) => token))
    const shown = url === undefined ? tags : tagsAt(exchange, at)
    return { tags: shown, hasToken: token => known.has(token) }
  }
  if (!holds(lists, stateOf)) throw refuse(412, 'the If header does not hold')
  return submittedTokens(lists)
}

/** Office from 2016 on saves with its token in the header that UNLOCK has, and no other. */
function tokenShown({ request }: Exchange): Set<string> {
  const token = lockToken(request)
  return new Set(token === undefined ? [] : [token])
}

/** The one token of a Lock-Token header: https://www.rfc-editor.org/rfc/rfc4918#section-10.5 */
export function lockToken({ headers }: IncomingMessage): string | undefined {
  return /^\s*<([^<>]+)>\s*$/.exec(String(headers['lock-token'] ?? ''))?.[1]
}

function joined(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(' ') : value
}

function tagsAt({ dav, hold }: Exchange, path: DavPath): Tags {
  const resource = find(dav, hold, path)
  return resource === undefined ? [] : tagsKnown(dav, resource)
}

function tagsKnown(dav: Dav, resource: Resource): Tags {
  const tags = tagsOf(dav, resource)
  return [...tags, ...tags.map(packedTag)]
}

/** The path of a URL if it is one of ours, with or without its host; else undefined. */
function urlPath({ dav, request }: Exchange, url: string): DavPath | undefined {
  const { host = '' } = request.headers
  const [, authority, rest = ''] = /^(?:https?:\/\/([^/?#]*))?(.*)$/is.exec(url) ?? []
  if (authority !== undefined && withoutPort(authority) !== withoutPort(host)) return undefined
  try {
    return parsePath(rest, dav.view)
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return undefined
    throw error
  }
}

/** Some clients name a scheme's own port in one header and not in the other. */
function withoutPort(authority: string): string {
  return authority.toLowerCase().replace(/:(80|443)$/, '')
}

/** As the Destination header: throws a refusal with status 400, or 502 for another server's. */
export function destinationOf(exchange: Exchange): DavPath {
  const header = joined(exchange.request, 'destination')
  if (header === undefined || header === '') throw refuse(400, 'there is no Destination')
  if (!/^(https?:\/\/|\/)/i.test(header)) {
    throw refuse(400, 'the Destination is neither a URL nor an absolute path')
  }
  const path = urlPath(exchange, header)
  if (path === undefined) {
    throw refuse(502, `the Destination is not on this server, below ${davRoot}/`)
  }
  if (!isBelow(path, pathOf([]))) throw refuse(403, 'the Destination is not in a folder of /dav')
  return path
}
