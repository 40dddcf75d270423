import { SettingError } from './setting-error.ts'

/** A Debian archive that is mirrored. */
export interface AptUpstream {
  /** Base URL, what stands before `dists/`; ends with a slash. */
  readonly url: string
  /** Path of the keys that its Release must be signed with; undefined: it is not checked here. */
  readonly keyring: string | undefined
  /** What is held is served; it is not asked. */
  readonly offline: boolean
}

type Fields = Readonly<Record<string, unknown>>

const known = ['url', 'keyring', 'offline']

/** `name: url`, or `name:` and below it url, keyring, offline. Throws `SettingError`. */
export function parseAptUpstreams(value: unknown): Record<string, AptUpstream> {
  if (!isMap(value)) {
    throw new SettingError(`${show(value)} is not a map: write "name: url" lines below it`)
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, upstream]) => [
      parseName(name),
      parseUpstream(name, isMap(upstream) ? upstream : { url: upstream })
    ])
  )
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseName(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) return name
  const rule = 'cannot name an upstream: use a-z, 0-9, ".", "_" and "-"'
  throw new SettingError(`${show(name)} ${rule}`, [name])
}

function parseUpstream(name: string, fields: Fields): AptUpstream {
  for (const key of Object.keys(fields)) {
    if (known.includes(key)) continue
    const message = `unknown key ${show(key)}: known here: ${known.join(', ')}`
    throw new SettingError(message, [name])
  }
  const { offline = false, keyring } = fields
  if (typeof offline !== 'boolean') throw new SettingError('offline is true or false', [name])
  return { url: parseUrl(fields.url, name), keyring: parseKeyring(keyring, name), offline }
}

function parseKeyring(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && value.startsWith('/') && !value.includes('\0')) return value
  throw new SettingError(`${show(value)} is not the path of a keyring: begin it with /`, [name])
}

function parseUrl(value: unknown, name: string): string {
  const url = typeof value === 'string' ? URL.parse(value) : null
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new SettingError(`${show(value)} is not an http or https URL`, [name])
  }
  if (url.search !== '' || url.hash !== '') {
    throw new SettingError(`${show(value)} must end with its path: no ? and no #`, [name])
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
