import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { parseAuthorization } from '../access/credentials.ts'
import type { Refused, SignIn } from '../access/sign-in.ts'
import { type Access, localAccess, mayDo } from '../base/access.ts'
import { foreignMark, isForeignPage } from '../base/foreign-request.ts'
import type { Need } from '../base/http.ts'
import { isLanAddress } from '../net/lan-address.ts'
import { hostOf, type PeerBook } from '../net/peer-book.ts'
import type { Log } from './logger.ts'

/** An answer instead of a door's. */
export interface Rejection {
  readonly status: number
  readonly message: string
  readonly headers: OutgoingHttpHeaders
}

/** Decides before any door on whose behalf a request is served, or that it is not. */
export type Guard = (request: IncomingMessage, need: Need) => Promise<Access | Rejection>

export function isRejection(decision: Access | Rejection): decision is Rejection {
  return 'status' in decision
}

/** The control socket: only its owner can open it. */
export const ownerGuard: Guard = async () => localAccess

/**
 * The port of this machine: nobody says who they are, so what a web page may have made a browser send
 * is refused. A request with a whole URL, as from a client that takes us for its proxy, names another host.
 */
export const localGuard: Guard = async ({ headers, url = '' }) => {
  const mark = /^https?:\/\//i.test(url) ? undefined : foreignMark(headers)
  if (mark === 'host') {
    return reject(403, 'the Host is not this machine: use 127.0.0.1, [::1] or localhost')
  }
  return mark === 'page' ? foreignPage : localAccess
}

/**
 * The port of peers: nobody says who they are, and all get the same. In a LAN's network whoever is not of
 * one is refused, and so are web pages and who is banned.
 */
export function peerGuard(network: 'lan' | 'public', book: Pick<PeerBook, 'bans'>): Guard {
  return async ({ headers, socket }) => {
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/i, '')
    if (network === 'lan' && !isLanAddress(address))
      return reject(403, 'only for the local network')
    if (isForeignPage(headers)) return foreignPage
    const banned = book.bans().some(({ peer }) => hostOf(peer) === address)
    return banned ? reject(403, 'this peer is banned') : nobody
  }
}

/** Streams of peers that libp2p let in, by their IDs: who was banned since is served no more. */
export function streamGuard(book: Pick<PeerBook, 'banOf'>): Guard {
  return async ({ socket: { remoteAddress = '' } }) =>
    book.banOf(remoteAddress) === undefined ? nobody : reject(403, 'this peer is banned')
}

const nobody: Access = { user: undefined, scopes: new Set(), root: [] }
const foreignPage = reject(403, 'pages of other sites may not use Cairn')

/** A port that other machines reach: users with their secrets, each within its scopes. */
export function passwordGuard(signIn: SignIn, log: Log): Guard {
  return async (request, need) => {
    if (need === 'nothing') return nobody
    if (isForeignPage(request.headers)) return foreignPage
    const credentials = parseAuthorization(request.headers.authorization)
    if (credentials === undefined) return challenge('a user and a password are needed')
    const address = request.socket.remoteAddress ?? ''
    const access = await signIn.check(credentials, address)
    if ('why' in access) {
      const user = credentials.name.slice(0, 64)
      if (access.why === 'wrong') log.warn({ user, address }, 'a user or a password is wrong')
      return refuse(access)
    }
    if (mayDo(access, need)) return access
    return reject(403, `${access.user} may not ${need}: add the user with the scope ${need}`)
  }
}

function refuse(refused: Refused): Rejection {
  if (refused.why === 'wrong') return challenge('the user or the password is wrong')
  const headers = { 'retry-after': String(refused.waitSeconds) }
  if (refused.why === 'busy') return reject(503, 'too many are signing in: try again', headers)
  const minutes = Math.ceil(refused.waitSeconds / 60)
  return reject(429, `too many wrong passwords came from there: wait ${minutes} minutes`, headers)
}

/** https://www.rfc-editor.org/rfc/rfc7617#section-2.1 */
function challenge(message: string): Rejection {
  return reject(401, message, { 'www-authenticate': 'Basic realm="Cairn", charset="UTF-8"' })
}

function reject(status: number, message: string, headers: OutgoingHttpHeaders = {}): Rejection {
  return { status, message, headers }
}
