import { SettingError } from './setting-error.ts'

/** A registry that is mirrored, and all that may be used to ask it. */
export interface OciUpstream {
  /** Base URL: what stands before `v2/`; ends with a slash. */
  readonly url: string
  readonly credentials: { readonly username: string; readonly password: string } | undefined
  /** Where its tokens are given, if that is another host than its own. */
  readonly realm: string | undefined
  /** Private hosts that its redirects may lead to. */
  readonly redirects: readonly string[]
  /** What is held is served; it is not asked. */
  readonly offline: boolean
}

type Fields = Readonly<Record<string, unknown>>

const known = ['url', 'username', 'password', 'realm', 'redirects', 'offline']

/**
 * `name: url`, or `name:` and below it url, username, password, realm, redirects, offline. A name is
 * what images' names begin with here. Throws `SettingError`.
 */
export function parseOciUpstreams(value: unknown): Record<string, OciUpstream> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SettingError('oci.upstreams is a map: write "name: url" lines below it')
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, upstream]) => [
      parseName(name),
      parseUpstream(name, upstream)
    ])
  )
}

function parseName(name: string): string {
  if (/^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/.test(name) && name.length < 64) return name
  const rule = 'cannot begin an image name: use a-z and 0-9, with single ".", "_" or "-" between'
  throw new SettingError(`${JSON.stringify(name.slice(0, 80))} ${rule}`, [name])
}

function parseUpstream(name: string, value: unknown): OciUpstream {
  const fields: Fields =
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : { url: value }
  for (const key of Object.keys(fields)) {
    if (known.includes(key)) continue
    throw new SettingError(`unknown key ${JSON.stringify(key)}: known here: ${known.join(', ')}`, [
      name
    ])
  }
  const { offline = false, realm } = fields
  if (typeof offline !== 'boolean') throw new SettingError('offline is true or false', [name])
  return {
    url: withSlash(parseUrl(fields.url, name)),
    credentials: parseCredentials(fields, name),
    realm: realm === undefined ? undefined : parseUrl(realm, name),
    redirects: parseHosts(fields.redirects ?? [], name),
    offline
  }
}

function parseCredentials(fields: Fields, name: string): OciUpstream['credentials'] {
  const { username, password } = fields
  if (username === undefined && password === undefined) return undefined
  if (typeof username !== 'string' || typeof password !== 'string' || username.includes(':')) {
    throw new SettingError('username and password are two texts, the first without ":"', [name])
  }
  return { username, password }
}

function parseHosts(value: unknown, name: string): string[] {
  if (Array.isArray(value) && value.every(host => typeof host === 'string')) return value
  throw new SettingError('redirects is a list of hosts', [name])
}

function parseUrl(value: unknown, name: string): string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new SettingError(`${JSON.stringify(value) ?? 'nothing'} is not an http or https URL`, [
      name
    ])
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    const advice = 'no name and password (write username: and password:), no ? and no #'
    throw new SettingError(`${url.origin} must be a plain URL: ${advice}`, [name])
  }
  return url.href
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`
}
