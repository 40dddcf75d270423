import { isObject, type JsonObject } from '../../../adapters/npm/packument.ts'
import type { Credentials } from '../../access/api.ts'
import { parseAuthorization } from '../../access/credentials.ts'
import type { Token, TokenBounds } from '../../access/tokens.ts'
import { mayDo, type Scope, scopes } from '../../base/access.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { type Call, isLocal, jsonOf, sendJson } from './call.ts'
import { sendRefusal } from './refusal.ts'

/** What somebody on this machine is called who does not say who they are. */
const localUser = 'local'

/** Who asks: whom the guard let in, or on this machine whose token is shown. */
export function whoIs({ access, options, request }: Call): string | undefined {
  if (access.user !== undefined) return access.user
  const credentials = parseAuthorization(request.headers.authorization)
  return credentials === undefined ? undefined : options.tokens.find(credentials)?.user
}

/** A token that is bound to networks or a time would be rid of them by a token that it makes. Throws `denied`. */
function refuseBound({ options }: Call, credentials: Credentials | undefined): void {
  const token = credentials === undefined ? undefined : options.tokens.find(credentials)
  if (token === undefined || (token.endsMs === undefined && token.networks.length === 0)) return
  throw new CairnError('denied', 'a token that is bound to networks or days makes no others')
}

export function sendWhoAmI(call: Call): void {
  const username = whoIs(call)
  if (username === undefined) refuseStranger(call)
  else sendJson(call, { username })
}

export function sendProfile(call: Call): void {
  const name = whoIs(call)
  if (name === undefined) refuseStranger(call)
  else sendJson(call, { name, tfa: null, email: '' })
}

function refuseStranger(
  { request, response }: Call,
  message = 'nobody is logged in: npm login'
): void {
  sendRefusal(request, response, { code: 'denied', message }, 401)
}

/** PUT of a user with a password, which is how clients log in without a browser: 201 and a token. */
export async function logIn(call: Call, name: string): Promise<void> {
  const body = await jsonOf(call, limits.smallBodyBytes)
  const secret = isObject(body) ? body.password : undefined
  if (typeof secret !== 'string') throw new CairnError('invalid', 'a login needs a password')
  const { options, request } = call
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) {
    throw new CairnError('invalid', `${JSON.stringify(name.slice(0, 80))} cannot name a user`)
  }
  refuseBound(call, { name, secret })
  let allowed: Iterable<Scope> = scopes
  if (!isLocal(call) || options.isUser(name)) {
    const access = await options.signIn.check({ name, secret }, request.socket.remoteAddress ?? '')
    if ('why' in access) {
      const wrong = access.why === 'wrong'
      const message = wrong
        ? 'the user or the password is wrong'
        : 'too many logins failed: wait a while'
      return wrong
        ? refuseStranger(call, message)
        : sendRefusal(request, call.response, { code: 'busy', message }, 429)
    }
    allowed = access.scopes
  }
  const { text } = options.tokens.make(name, allowed)
  sendJson(call, { ok: true, id: `org.couchdb.user:${name}`, rev: '1-cairn', token: text }, 201)
}

/** POST that begins a login by a browser; on this machine nobody has to be asked. */
export function beginLogin(call: Call, base: string): void {
  const id = call.sessions.begin()
  if (isLocal(call)) call.sessions.grant(id, call.options.tokens.make(localUser, scopes).text)
  sendJson(call, { loginUrl: `${base}-/v1/login/${id}`, doneUrl: `${base}-/v1/login/${id}/done` })
}

/** GET by the client that waits: 202 until the person has said yes, then the token, once. */
export function sendLoginResult(call: Call, session: string): void {
  const result = call.sessions.take(session)
  if (result === undefined) throw new CairnError('not-found', 'there is no such login: begin again')
  if (result === 'waiting') sendJson(call, {}, 202, { 'retry-after': '1' })
  else sendJson(call, { token: result.token })
}

/** The page a person opens. */
export function sendLoginPage(call: Call, session: string): void {
  const user = call.access.user ?? localUser
  const text = call.sessions.has(session)
    ? `<p>A program asks to use this registry as ${user}.
Say yes only if you began this with npm login.</p>
<form method="post"><button>Log in as ${user}</button></form>`
    : '<p>This login is over. Begin again with npm login.</p>'
  sendPage(call.response, text)
}

/** The press of its button. Throws `not-found` for a login that is over. */
export function grantLogin(call: Call, session: string): void {
  const { sessions, options, access, response, request } = call
  refuseBound(call, parseAuthorization(request.headers.authorization))
  const user = access.user ?? localUser
  if (!sessions.has(session)) {
    throw new CairnError('not-found', 'there is no such login: begin again')
  }
  const { token, text } = options.tokens.make(user, access.scopes)
  if (!sessions.grant(session, text)) options.tokens.remove(user, token.id)
  sendPage(response, `<p>npm is logged in as ${user}. This page can be closed.</p>`)
}

function sendPage(response: Call['response'], text: string): void {
  const html = `<!doctype html><meta charset="utf-8"><title>Cairn</title>${text}\n`
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html),
    'content-security-policy': "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    'cache-control': 'no-store'
  })
  response.end(html)
}

/**
 * GET of the packages that who asks may change, or of those in a scope. Throws `not-found` for another user, of
 * whom nothing is told, and for a scope that there is nothing in.
 */
export function sendPackagesOf(call: Call, owner: 'user' | 'org', name: string): void {
  const { options, access } = call
  const may = mayDo(access, 'publish') ? 'write' : 'read'
  const isTheirs = owner === 'user' ? () => true : (each: string) => each.startsWith(`@${name}/`)
  const found = options.packages.names().filter(isTheirs)
  if (owner === 'user' ? whoIs(call) !== name : found.length === 0) {
    throw new CairnError('not-found', `${name} is not who asks, and no scope of packages here`)
  }
  sendJson(call, Object.fromEntries(found.map(each => [each, may])))
}

/** GET lists the tokens of who asks; POST makes one that may do no more than who asks. */
export async function serveTokens(call: Call): Promise<void> {
  const { options, request, access } = call
  const user = whoIs(call)
  if (user === undefined) return refuseStranger(call)
  if (request.method !== 'POST') {
    const objects = options.tokens.list(user).map(token => shown(token))
    return sendJson(call, { objects, total: objects.length, urls: {} })
  }
  refuseBound(call, parseAuthorization(request.headers.authorization))
  const wanted = await jsonOf(call, limits.smallBodyBytes)
  if (!isObject(wanted)) throw new CairnError('invalid', 'a token is asked for by a JSON object')
  const asked = ['packages', 'scopes', 'orgs'].find(
    key => wanted[key] !== undefined && !(Array.isArray(wanted[key]) && wanted[key].length === 0)
  )
  if (asked !== undefined) {
    throw new CairnError(
      'unsupported',
      `tokens are not bound by ${asked} here: by reading, time and address`
    )
  }
  const permission = wanted.packages_and_scopes_permission ?? 'read-write'
  if (permission !== 'read-write' && permission !== 'read-only') {
    throw new CairnError('unsupported', 'a token reads, or it publishes what its user may')
  }
  const readonly = wanted.readonly === true || permission === 'read-only'
  const allowed = [...access.scopes].filter(scope => !readonly || scope === 'read')
  const { token, text } = options.tokens.make(
    user,
    allowed,
    boundsOf(wanted, options.clock.nowMs())
  )
  sendJson(call, { ...shown(token), token: text }, 201)
}

/** `cidr_whitelist`, and `expires` in days. Throws `invalid`. */
function boundsOf({ cidr_whitelist: networks, expires }: JsonObject, nowMs: number): TokenBounds {
  const given = Array.isArray(networks) ? networks.map(String) : []
  if (given.length > limits.tokenNetworks) {
    throw new CairnError('invalid', `a token of more than ${limits.tokenNetworks} networks`)
  }
  if (expires === undefined || expires === null) return { networks: given }
  const days = Number(expires)
  if (!Number.isInteger(days) || days < 1 || days > 36_500) {
    throw new CairnError('invalid', 'a token ends after a whole number of days, up to a century')
  }
  return { networks: given, endsMs: nowMs + days * 86_400_000 }
}

/** DELETE of a token, by its id or, at logout, by its text. Throws `not-found`. */
export function deleteToken(call: Call, id: string): void {
  const { options } = call
  const credentials = parseAuthorization(`Bearer ${id}`)
  const named = credentials === undefined ? undefined : options.tokens.find(credentials)
  const user = named?.user ?? whoIs(call)
  if (user === undefined || !options.tokens.remove(user, named?.id ?? id)) {
    throw new CairnError('not-found', 'there is no such token')
  }
  sendJson(call, { ok: true })
}

function shown({ id, scopes, createdMs, endsMs, networks }: Token): Record<string, unknown> {
  const created = new Date(createdMs).toISOString()
  return {
    key: id,
    token: id.slice(0, 6),
    name: scopes.join(','),
    readonly: scopes.length === 1 && scopes[0] === 'read',
    cidr_whitelist: networks.length === 0 ? null : networks,
    ...(endsMs === undefined ? {} : { expires: new Date(endsMs).toISOString() }),
    created,
    updated: created
  }
}
