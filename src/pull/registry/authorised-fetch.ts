import type { Clock } from '../../base/clock.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import type { FetchUpstream } from '../api.ts'
import { checkRedirect } from '../fetch-upstream.ts'
import { notAsked } from '../not-asked.ts'
import { type Challenge, readChallenge } from './challenge.ts'

/** How one upstream is reached: what is configured for it is used for it alone. */
export interface Account {
  readonly name: string
  /** URLs that begin so are its own. */
  readonly base: string
  readonly credentials: { readonly username: string; readonly password: string } | undefined
  /** An `Authorization` header that goes with every request, for upstreams that ask for none. */
  readonly authorization?: string | undefined
  /** The one place besides the upstream's own host that may be given the credentials for a token. */
  readonly realm: string | undefined
  /** Private hosts that its redirects may lead to. */
  readonly redirects: readonly string[]
  /** Not to be asked at all. */
  readonly offline: boolean
}

export interface AuthorisedFetchOptions {
  readonly fetchUpstream: FetchUpstream
  readonly accountOf: (url: string) => Account | undefined
  /** The part of an upstream that one token opens. */
  readonly spaceOf: (url: string) => string
  readonly clock: Clock
}

/**
 * Reaches upstreams that want a password or a token. A token's realm must belong to the upstream
 * that names it; neither password nor token goes anywhere else. All URLs of no account are fetched
 * as they are. https://distribution.github.io/distribution/spec/auth/token/
 */
export function openAuthorisedFetch(options: AuthorisedFetchOptions): FetchUpstream {
  const authorisation = new Authorisation(options)
  const { fetchUpstream } = options
  return async (url, request) => {
    const account = options.accountOf(url)
    if (account === undefined) return await fetchUpstream(url, request)
    if (account.offline) {
      throw notAsked(`${account.name} is configured to be offline`)
    }
    const mayEnter = (host: string) => account.redirects.includes(host)
    const ask = (authorization: string | undefined) =>
      fetchUpstream(url, {
        ...request,
        mayEnter,
        headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) }
      })
    const known = account.authorization ?? authorisation.known(account, url)
    const answer = await ask(known)
    const challenge = readChallenge(answer.headers.get('www-authenticate') ?? '')
    if (answer.status !== 401 || challenge === undefined) return answer
    if (account.authorization !== undefined) return answer
    const newer = authorisation.known(account, url)
    const given =
      newer === known
        ? await untilAborted(authorisation.answer(account, url, challenge), request.signal)
        : newer
    if (given === undefined || (given === known && challenge.scheme === 'basic')) return answer
    for await (const _ of answer.body ?? []) break
    return await ask(given)
  }
}

interface Given {
  readonly authorization: string
  readonly untilMs: number
}

class Authorisation {
  readonly #options: AuthorisedFetchOptions
  readonly #given = new Map<string, Given>()
  readonly #asking = new Map<string, Promise<string | undefined>>()

  constructor(options: AuthorisedFetchOptions) {
    this.#options = options
  }

  /** What opened this part of the upstream before. */
  known(account: Account, url: string): string | undefined {
    const given = this.#given.get(this.#keyOf(account, url))
    return given !== undefined && given.untilMs > this.#options.clock.nowMs()
      ? given.authorization
      : undefined
  }

  /** A configured upstream whose password was changed is another. */
  #keyOf(account: Account, url: string): string {
    const { username, password } = account.credentials ?? { username: '', password: '' }
    return [account.base, username, password, this.#options.spaceOf(url)].join('\n')
  }

  /** One question for all who were challenged by the same part of an upstream. */
  answer(account: Account, url: string, challenge: Challenge): Promise<string | undefined> {
    const key = this.#keyOf(account, url)
    const running = this.#asking.get(key)
    if (running !== undefined) return running
    const work = this.#answer(account, key, challenge).finally(() => this.#asking.delete(key))
    this.#asking.set(key, work)
    work.catch(() => {})
    return work
  }

  async #answer(account: Account, key: string, challenge: Challenge): Promise<string | undefined> {
    const given =
      challenge.scheme === 'basic' ? this.#basic(account) : await this.#token(account, challenge)
    if (given === undefined) return undefined
    if (this.#given.size >= limits.heldTokens) this.#given.clear()
    this.#given.set(key, given)
    return given.authorization
  }

  #basic({ credentials }: Account): Given | undefined {
    const authorization = basicOf(credentials)
    return authorization === undefined
      ? undefined
      : { authorization, untilMs: Number.POSITIVE_INFINITY }
  }

  async #token(
    account: Account,
    { realm, service, scope }: Extract<Challenge, { scheme: 'bearer' }>
  ): Promise<Given> {
    const signal = AbortSignal.timeout(limits.upstreamHeadMs)
    const url = realmOf(account, realm)
    if (service !== undefined) url.searchParams.set('service', service)
    if (scope !== undefined) url.searchParams.set('scope', scope)
    const authorization = basicOf(account.credentials)
    const headers: Record<string, string> = { accept: 'application/json' }
    if (authorization !== undefined) headers.authorization = authorization
    const mayEnter = (host: string) => account.redirects.includes(host)
    const answer = await this.#options.fetchUpstream(url.href, { headers, signal, mayEnter })
    const text = await textOf(answer.body, url)
    if (answer.status !== 200) {
      throw new CairnError(
        'upstream',
        `${account.name}: ${url.origin} gives no token: ${answer.status}`
      )
    }
    const { token, lifeMs } = readToken(text, url)
    return { authorization: `Bearer ${token}`, untilMs: this.#options.clock.nowMs() + lifeMs }
  }
}

function basicOf(credentials: Account['credentials']): string | undefined {
  if (credentials === undefined) return undefined
  const { username, password } = credentials
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/**
 * Where a token is to be had, if that place belongs to the upstream: it is configured, it is the
 * upstream's own host, or, when there is no password to lose, a host of the same domain.
 */
function realmOf(account: Account, text: string): URL {
  const upstream = new URL(account.base)
  const realm = URL.parse(text)
  const refused = `${account.name}: asks for a token of ${text.slice(0, 200)}, which is not known to be its own`
  if (realm === null) throw new CairnError('upstream', refused)
  realm.username = ''
  realm.password = ''
  const place = realm.origin + realm.pathname
  if (account.realm !== undefined && place === placeOf(account.realm)) return realm
  checkRedirect(upstream, realm, host => account.redirects.includes(host))
  if (realm.hostname === upstream.hostname) return realm
  if (account.credentials === undefined && isSameDomain(realm, upstream)) return realm
  throw new CairnError(
    'upstream',
    `${refused}: set "realm" of the upstream in config.yaml if it is`
  )
}

function placeOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname
}

function isSameDomain(a: URL, b: URL): boolean {
  const domain = ({ hostname }: URL) => hostname.split('.').slice(-2).join('.')
  const named = [a, b].every(({ hostname }) => /\.[a-z][a-z0-9-]*$/.test(hostname))
  return named && domain(a) === domain(b)
}

function readToken(text: string, url: URL): { token: string; lifeMs: number } {
  let json: { token?: unknown; access_token?: unknown; expires_in?: unknown } | null
  try {
    json = JSON.parse(text)
  } catch {
    json = null
  }
  const token = json?.token ?? json?.access_token
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,65536}$/.test(token)) {
    throw new CairnError('upstream', `${url.origin}: its answer holds no token`)
  }
  const seconds = typeof json?.expires_in === 'number' ? json.expires_in : 60
  return { token, lifeMs: Math.max(0, seconds * 1000 - limits.tokenMarginMs) }
}

async function textOf(body: AsyncIterable<Uint8Array> | undefined, url: URL): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    bytes += piece.length
    if (bytes > limits.tokenAnswerBytes) {
      throw new CairnError('upstream', `${url.origin}: its answer is too long for a token`)
    }
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
