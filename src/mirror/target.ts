import { CairnError } from '../base/errors.ts'
import type { Upstream } from '../pull/adapter.ts'

/** What a request's target asks of a mirror. */
export interface MirrorTarget {
  /** Decoded path for the adapter: `<upstream>/<path>`. */
  readonly path: string
  /** Upstreams the adapter may look in: those configured, and the host asked for if one of them is on it. */
  readonly upstreams: Readonly<Record<string, Upstream>>
}

/**
 * A path below `prefix` (`/apt/`), or, from a client that takes us for its proxy, a whole URL
 * (https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2). A URL is served only if a configured
 * upstream has its origin: nobody reaches the machine's own network through this. Undefined: not
 * for this mirror. Throws `invalid` on bad percent-encoding, `denied` for other hosts.
 */
export function mirrorTarget(
  target: string,
  prefix: string,
  upstreams: Readonly<Record<string, Upstream>>
): MirrorTarget | undefined {
  if (target.startsWith(prefix)) {
    return { path: decodePath(withoutQuery(target.slice(prefix.length))), upstreams }
  }
  return isAbsolute(target) ? proxyTarget(target, upstreams) : undefined
}

export function isAbsolute(target: string): boolean {
  return /^http:\/\//i.test(target)
}

function proxyTarget(target: string, upstreams: Readonly<Record<string, Upstream>>): MirrorTarget {
  const { origin, path } = splitUrl(target)
  const here = Object.values(upstreams).filter(each => new URL(each.url).origin === origin)
  if (here.length === 0) {
    throw new CairnError(
      'denied',
      `${origin} is not a configured upstream: run cairn setup apt, or add it to config.yaml`
    )
  }
  const matching = here
    .map(each => ({ name: each.name, base: decodePath(new URL(each.url).pathname.slice(1)) }))
    .filter(({ base }) => path.startsWith(base))
    .sort((a, b) => b.base.length - a.base.length)[0]
  if (matching !== undefined) {
    return { path: `${matching.name}/${path.slice(matching.base.length)}`, upstreams }
  }
  const name = hostName(new URL(origin).host)
  const whole = { name, url: `${origin}/` }
  return { path: `${name}/${path}`, upstreams: { ...upstreams, [name]: whole } }
}

/**
 * What a host's paths beside its upstreams go by in the catalog. No configured upstream is named so
 * (an `@` stands in none), now or later: two places upstream never share a key.
 */
function hostName(host: string): string {
  return `@${host.replaceAll(':', '+')}`
}

/** Not by `URL` as a whole: it would resolve `..`, which is to be refused. */
function splitUrl(target: string): { origin: string; path: string } {
  const slash = target.indexOf('/', 'http://'.length)
  const authority = slash < 0 ? target : target.slice(0, slash)
  const path = slash < 0 ? '' : target.slice(slash + 1)
  if (!URL.canParse(authority)) throw new CairnError('invalid', 'a proxy request without a host')
  return { origin: new URL(authority).origin, path: decodePath(withoutQuery(path)) }
}

function withoutQuery(path: string): string {
  return path.replace(/[?#].*$/s, '')
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    const shown = JSON.stringify(path.slice(0, 200))
    throw new CairnError('invalid', `${shown} is not percent-encoded UTF-8`, { cause })
  }
}
