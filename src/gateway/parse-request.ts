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
  /** Where a cache finds this form, if the URL alone does not say it: path and query. */
  readonly formUrl: string | undefined
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
  const types = mediaTypesOf(headers.accept)
  const { form, accepted } = formOf(parameters, types)
  const pathText = `/${namespace}/${root}${rest}`
  const formQuery = formQueryOf(parameters, types, form, accepted)
  return {
    namespace: namespace as 'ipfs' | 'ipns',
    root: decodePart(root),
    path: parsePath(rest),
    pathText,
    trailingSlash: rest.endsWith('/'),
    form,
    formUrl: formQuery && `${pathText}?${formQuery}`,
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

interface Negotiated {
  readonly form: Form
  /** The parameters of the media type that was taken. */
  readonly accepted: MediaType['parameters']
}

/** The query says it before the header does, so that a link means the same for every client. */
function formOf(parameters: URLSearchParams, types: readonly MediaType[]): Negotiated {
  const format = parameters.get('format')
  if (format === null) return firstOf(parameters, types.filter(isVerifiable)) ?? pageFor(types)
  const told = types.find(({ type }) => type === mediaTypes.car)
  const accepted = format === 'car' ? (told?.parameters ?? {}) : {}
  return { form: makeForm(format, parameters, accepted), accepted }
}

/** The first that can be made, by preference. Throws the refusal of the most preferred if none can. */
function firstOf(parameters: URLSearchParams, types: readonly MediaType[]): Negotiated | undefined {
  let refused: unknown
  for (const { type, parameters: accepted } of types) {
    try {
      return { form: makeForm(formatOf(type), parameters, accepted), accepted }
    } catch (cause) {
      refused ??= cause
    }
  }
  if (refused !== undefined) throw refused
  return undefined
}

/** https://specs.ipfs.tech/http-gateways/path-gateway/#content-location-response-header */
function formQueryOf(
  parameters: URLSearchParams,
  types: readonly MediaType[],
  { kind }: Form,
  accepted: MediaType['parameters']
): string | undefined {
  const others = types.filter(isVerifiable).some(({ type }) => formatOf(type) !== kind)
  if (kind === 'page' || (parameters.has('format') && !others)) return undefined
  const query = new URLSearchParams(parameters)
  query.set('format', kind)
  for (const name of kind === 'car' ? ['version', 'order', 'dups'] : []) {
    const value = accepted[name]
    if (value !== undefined && !query.has(`car-${name}`)) query.set(`car-${name}`, value)
  }
  return query.toString()
}

function isVerifiable({ type }: MediaType): boolean {
  return (Object.values(mediaTypes) as string[]).includes(type)
}

function formatOf(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1)
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
function pageFor(types: readonly MediaType[]): Negotiated {
  const other = types.find(({ type }) => /^application\/vnd\.ip(ld|fs)\./.test(type))
  if (other !== undefined && types.length === 1) {
    throw new Refusal(406, `${other.type.slice(0, 80)} is not made here`)
  }
  return { form: { kind: 'page' }, accepted: {} }
}

interface MediaType {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
}

/** By preference: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 */
function mediaTypesOf(accept = ''): MediaType[] {
  const weight = ({ parameters: { q } }: MediaType) => (q === undefined ? 1 : Number(q) || 0)
  const types = accept.split(',').map(parseMediaType)
  return types.filter(type => weight(type) > 0).sort((a, b) => weight(b) - weight(a))
}

function parseMediaType(text: string): MediaType {
  const [type = '', ...pairs] = text.split(';').map(part => part.trim().toLowerCase())
  const parameters = pairs.map(pair => {
    const [name = '', value = ''] = pair.split('=')
    return [name.trim(), value.trim().replace(/^"(.*)"$/, '$1')]
  })
  return { type, parameters: Object.fromEntries(parameters) }
}
