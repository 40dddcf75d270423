import { mainUpstream } from '../../adapters/npm/classify.ts'
import { isNamePattern } from '../../adapters/npm/match-name.ts'
import { SettingError } from './setting-error.ts'

/** A registry that is mirrored, and all that may be used to ask it. */
export interface NpmUpstream {
  /** Base URL, ends with a slash. */
  readonly url: string
  /** Sent with every request to it, and to nobody else. */
  readonly authorization: string | undefined
  /** Patterns of the names that are looked up there. */
  readonly names: readonly string[]
  /** Private hosts that its redirects may lead to. */
  readonly redirects: readonly string[]
  /** What is held is served; it is not asked. */
  readonly offline: boolean
}

type Fields = Readonly<Record<string, unknown>>

const known = ['url', 'token', 'username', 'password', 'names', 'redirects', 'offline']

/** A URL, or a map of url, token or username and password, redirects, offline. Throws `SettingError`. */
export function parseNpmUpstream(value: unknown): NpmUpstream {
  return parseUpstream(value, [])
}

/** `name: url`, or `name:` and below it url, names and all that `parseNpmUpstream` takes. Throws `SettingError`. */
export function parseNpmUpstreams(value: unknown): Record<string, NpmUpstream> {
  if (!isMap(value)) {
    throw new SettingError('npm.upstreams is a map: write "name: url" lines below it')
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, upstream]) => [
      parseName(name),
      parseUpstream(upstream, [name])
    ])
  )
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseName(name: string): string {
  const rule = 'cannot name an upstream: use a-z, 0-9, ".", "_" and "-"'
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) {
    throw new SettingError(`${JSON.stringify(name.slice(0, 80))} ${rule}`, [name])
  }
  if (name === mainUpstream) throw new SettingError(`"${name}" is the one of npm.upstream`, [name])
  return name
}

function parseUpstream(value: unknown, keys: readonly string[]): NpmUpstream {
  const fields: Fields = isMap(value) ? value : { url: value }
  for (const key of Object.keys(fields)) {
    if (known.includes(key)) continue
    const message = `unknown key ${JSON.stringify(key)}: known here: ${known.join(', ')}`
    throw new SettingError(message, keys)
  }
  const { offline = false } = fields
  if (typeof offline !== 'boolean') throw new SettingError('offline is true or false', keys)
  return {
    url: parseUrl(fields.url, keys),
    authorization: parseCredentials(fields, keys),
    names: parseList(
      fields.names ?? [],
      keys,
      isNamePattern,
      'names is a list of "@scope", "name" or "begin*"'
    ),
    redirects: parseList(fields.redirects ?? [], keys, () => true, 'redirects is a list of hosts'),
    offline
  }
}

function parseCredentials(
  { token, username, password }: Fields,
  keys: readonly string[]
): string | undefined {
  if (token === undefined && username === undefined && password === undefined) return undefined
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) && username === undefined) {
    return `Bearer ${token}`
  }
  if (typeof username === 'string' && typeof password === 'string' && !username.includes(':')) {
    return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  }
  throw new SettingError('give a token, or username and password, the first without ":"', keys)
}

function parseUrl(value: unknown, keys: readonly string[]): string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    const shown = JSON.stringify(value)?.slice(0, 80) ?? 'nothing'
    throw new SettingError(`${shown} is not an http or https URL`, keys)
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    const advice = 'no name and password (write token:, or username: and password:), no ? and no #'
    throw new SettingError(`${url.origin} must be a plain URL: ${advice}`, keys)
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`
}

function parseList(
  value: unknown,
  keys: readonly string[],
  isRight: (text: string) => boolean,
  rule: string
): string[] {
  const right =
    Array.isArray(value) && value.every(each => typeof each === 'string' && isRight(each))
  if (right) return value
  throw new SettingError(rule, keys)
}

/** A list of patterns of names. Throws `SettingError`. */
export function parseNamePatterns(value: unknown): string[] {
  return parseList(value, [], isNamePattern, 'give a list of "@scope", "name" or "begin*"')
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90m`, `12h`, `3d`. Throws `SettingError`. */
export function parseAge(value: unknown): number {
  const [, number = '', unit = ''] =
    typeof value === 'string' ? (/^(\d{1,6})([mhd])$/.exec(value) ?? []) : []
  const unitOf = unitMs[unit]
  if (unitOf === undefined) {
    throw new SettingError(`${JSON.stringify(value)?.slice(0, 80)} is no age: write 90m, 12h or 3d`)
  }
  return Number(number) * unitOf
}
