import type { IncomingHttpHeaders } from 'node:http'
import { CairnError } from '../base/errors.ts'
import { type Name, splitPath } from '../base/names.ts'
import { type CarWish, parseCarWish } from './car-wish.ts'
import { Refusal } from './refusal.ts'

/** What a request asks the gateway for. */
export interface GatewayRequest {
  readonly namespace: 'ipfs' | 'ipns'
  /** The CID's or name's text, unchecked. */
  readonly root: string
  readonly path: readonly Name[]
  /** As it was asked for, for redirects and headers; begins with the namespace. */
  readonly pathText: string
  readonly trailingSlash: boolean
  readonly form: Form
  /** A file's name that the client wants it kept by. */
  readonly filename: string | undefined
  readonly download: boolean
}

/** `page`: what a browser shows; the others are for those who verify. */
export type Form =
  | { readonly kind: 'page' | 'raw' | 'ipns-record' }
  | { readonly kind: 'car'; readonly wish: CarWish }

/** Media types of the verifiable forms. */
export const mediaTypes = {
  raw: 'application/vnd.ipld.raw',
  car: 'application/vnd.ipld.car',
  'ipns-record': 'application/vnd.ipfs.ipns-record'
} as const

const pathRule = /^\/(ipfs|ipns)\/([^/?#]+)((?:\/[^?#]*)?)(?:\?(.*))?$/

/** Whether a request is for the gateway. */
export function isGatewayUrl(url: string): boolean {
  return /^\/(ipfs|ipns)(\/|$|\?)/.test(url)
}

/** Throws a refusal: 400 for what is no request, 406 for a form that is not made here. */
export function parseRequest(url: string, headers: IncomingHttpHeaders): GatewayRequest {
  const match = pathRule.exec(url)
  if (match === null) throw new Refusal(400, 'ask for /ipfs/<cid> or /ipns/<name>')
  const [, namespace, root = '', rest = '', query = ''] = match
  const parameters = new URLSearchParams(query)
  return {
    namespace: namespace as 'ipfs' | 'ipns',
    root: decodePart(root),
    path: parsePath(rest),
    pathText: `/${namespace}/${root}${rest}`,
    trailingSlash: rest.endsWith('/'),
    form: formOf(parameters, headers.accept),
    filename: parameters.get('filename') ?? undefined,
    download: parameters.get('download') === 'true'
  }
}

function parsePath(rest: string): Name[] {
  try {
    return splitPath(rest.split('/').map(decodePart).join('/'))
  } catch (cause) {
    if (cause instanceof Refusal) throw cause
    throw new Refusal(400, cause instanceof CairnError ? cause.message : 'the path is none')
  }
}

/** A slash that is encoded would be a part of a name, which none can have. */
function decodePart(part: string): string {
  let text: string
  try {
    text = decodeURIComponent(part)
  } catch {
    throw new Refusal(400, 'the path is not percent-encoded UTF-8')
  }
  if (text.includes('/')) throw new Refusal(400, 'a name in the path has a slash in it')
  return text
}

/** The query says it before the header does, so that a link means the same for every client. */
function formOf(parameters: URLSearchParams, accept = ''): Form {
  const format = parameters.get('format')
  const types = accept.split(',').map(parseMediaType)
  if (format === null) {
    const found = types.find(({ type }) => (Object.values(mediaTypes) as string[]).includes(type))
    if (found === undefined) return refuseOther(types) ?? { kind: 'page' }
    const kind = found.type.slice(found.type.lastIndexOf('.') + 1)
    return makeForm(kind, parameters, found.parameters)
  }
  const told = types.find(({ type }) => type === mediaTypes.car)
  return makeForm(format, parameters, format === 'car' ? (told?.parameters ?? {}) : {})
}

function makeForm(
  kind: string,
  parameters: URLSearchParams,
  accepted: Readonly<Record<string, string>>
): Form {
  if (kind === 'raw' || kind === 'ipns-record') return { kind }
  if (kind === 'car') return { kind, wish: parseCarWish(parameters, accepted) }
  throw new Refusal(406, `format ${kind.slice(0, 40)} is not made here: raw, car, ipns-record are`)
}

/** Other IPLD and IPFS types must not be answered by a page. */
function refuseOther(types: readonly MediaType[]): undefined {
  const other = types.find(({ type }) => /^application\/vnd\.ip(ld|fs)\./.test(type))
  if (other !== undefined && types.length === 1) {
    throw new Refusal(406, `${other.type.slice(0, 80)} is not made here`)
  }
  return undefined
}

interface MediaType {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
}

function parseMediaType(text: string): MediaType {
  const [type = '', ...pairs] = text.split(';').map(part => part.trim().toLowerCase())
  const parameters = pairs.map(pair => {
    const [name = '', value = ''] = pair.split('=')
    return [name.trim(), value.trim().replace(/^"(.*)"$/, '$1')]
  })
  return { type, parameters: Object.fromEntries(parameters) }
}
