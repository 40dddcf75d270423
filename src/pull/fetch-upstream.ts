import { lookup as systemLookup } from 'node:dns'
import { Agent as HttpAgent, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { CairnError } from '../base/errors.ts'
import type { FetchUpstream } from './api.ts'
import { type Agents, askOrigin, type ConnectionPatience, reasonOf } from './ask-origin.ts'
import { bounds } from './bounds.ts'

const redirects = new Set([301, 302, 303, 307, 308])
const bodiless = new Set([204, 304])

export interface FetchUpstreamOptions {
  readonly lookup?: LookupFunction
  /** Tests make it short. */
  readonly patience?: ConnectionPatience
}

/**
 * Requests over node:http, connections kept alive. Follows redirects, http and https only, never
 * from a public upstream into a private network: what an upstream says is not to be trusted with
 * what this machine can reach; a name that a redirect leads to is judged by the addresses it has when it is
 * connected to. Bodies come as they were sent, never decompressed.
 */
export function openFetchUpstream({
  lookup = systemLookup,
  patience = bounds
}: FetchUpstreamOptions = {}): FetchUpstream & { close: () => void } {
  const trusted = makeAgents(lookup)
  const guarded = makeAgents(publicOnly(lookup))
  const fetchUpstream: FetchUpstream = async (url, options) => {
    let target = new URL(url)
    let agents = trusted
    for (let hops = 0; ; hops++) {
      const asked = hops === 0 ? options : redirected(url, target, options)
      const response = await askOrigin(target, agents, asked, patience)
      const follows = ['GET', 'HEAD'].includes(options.method ?? 'GET')
      const location = follows ? response.headers.location : undefined
      if (!redirects.has(response.statusCode ?? 0) || location === undefined) {
        return answerOf(response, options.signal)
      }
      response.destroy()
      if (hops >= bounds.redirects) throw new CairnError('upstream', `${url}: redirects too often`)
      const place = checkRedirect(target, placeOf(location, target), options.mayEnter)
      if (options.mayEnter?.(place.hostname) === true) agents = trusted
      else if (place.hostname !== target.hostname) agents = guarded
      target = place
    }
  }
  const close = (): void => {
    for (const agents of [trusted, guarded]) {
      for (const agent of Object.values(agents)) agent.destroy()
    }
  }
  return Object.assign(fetchUpstream, { close })
}

/** Credentials and the client's cookies are for the origin they were given for. */
function redirected(
  url: string,
  target: URL,
  options: Parameters<FetchUpstream>[1]
): Parameters<FetchUpstream>[1] {
  if (new URL(url).origin === target.origin) return options
  const own = new Set(['authorization', 'cookie'])
  const headers = Object.entries(options.headers).filter(([name]) => !own.has(name.toLowerCase()))
  return { ...options, headers: Object.fromEntries(headers) }
}

function makeAgents(lookup: LookupFunction): Agents {
  const options = { keepAlive: true, maxSockets: 16, lookup }
  return { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) }
}

/** Finds no name that has a private address, whatever others it has: who answers for a name may change its mind between two questions. */
export function publicOnly(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) =>
    lookup(hostname, options, (error, address, family) => {
      const addresses = Array.isArray(address) ? address.map(each => each.address) : [address]
      if (error !== null || !addresses.some(isPrivateHost)) return callback(error, address, family)
      const message = `a redirect to ${hostname}, which is in a private network, is not followed`
      callback(new CairnError('upstream', message), address, family)
    })
}

function answerOf(
  response: IncomingMessage,
  signal: AbortSignal
): Awaited<ReturnType<FetchUpstream>> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(response.headers)) {
    if (typeof value === 'string') headers.set(name, value)
  }
  const status = response.statusCode ?? 0
  if (!bodiless.has(status)) return { status, headers, body: readBody(response, signal) }
  response.resume()
  return { status, headers, body: undefined }
}

/**
 * Ends with an error when aborted, and an abort lets go of the connection whether the body was begun
 * or not; the connection is kept when the body was read to its end.
 */
function readBody(response: IncomingMessage, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const stop = (): void => void response.destroy(reasonOf(signal))
  // Whoever reads is told by the reading.
  response.on('error', () => {})
  response.once('close', () => signal.removeEventListener('abort', stop))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  return response
}

function placeOf(location: string, from: URL): URL {
  const place = URL.parse(location, from.href)
  if (place !== null) return place
  throw new CairnError('upstream', `${from.href}: redirects to what is no address`)
}

/** The place a redirect leads to, if it may be followed; `mayEnter` names private hosts that are meant. Throws `upstream`. */
export function checkRedirect(
  from: URL,
  to: URL,
  mayEnter: (hostname: string) => boolean = () => false
): URL {
  if (to.protocol !== 'http:' && to.protocol !== 'https:') {
    throw new CairnError('upstream', `${from.href}: redirects to ${to.protocol}, not followed`)
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new CairnError('upstream', `${from.href}: redirects from https to http, not followed`)
  }
  const inward = isPrivateHost(to.hostname) && to.hostname !== from.hostname
  if (inward && !mayEnter(to.hostname)) {
    throw new CairnError('upstream', `${from.href}: redirects into a private network, not followed`)
  }
  return to
}

/**
 * https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 sister, with the ways to
 * write an IPv4 address as an IPv6 one; rules for IPv4 hold for its mapped addresses too.
 */
const privateRanges: ReadonlyArray<readonly [string, number, 'ipv4' | 'ipv6']> = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['2002::', 16, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 9, 'ipv6'],
  ['ff00::', 8, 'ipv6']
]

/** A loopback, link-local or private address, or a name that says so. Other names are not resolved here. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '')
  const family = isIP(host)
  if (family === 0) return host === 'localhost' || /\.(localhost|local|internal)$/.test(host)
  const list = new BlockList()
  for (const [net, prefix, kind] of privateRanges) list.addSubnet(net, prefix, kind)
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
