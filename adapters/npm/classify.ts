import { CairnError } from '../../src/base/errors.ts'
import type {
  AdapterRequest,
  Classification,
  PassRequest,
  Upstream
} from '../../src/pull/adapter.ts'
import { packagePath, packumentKey, tarballKey } from './package-path.ts'
import { type PackumentForm, writePackument } from './write-packument.ts'

/** What npm's registry lets its own caches keep a packument. */
const packumentMaxAgeMs = 5 * 60_000

/** The one upstream that is configured. Throws `not-found` while there is none. */
function registryOf({ upstreams }: AdapterRequest): Upstream {
  const [registry] = Object.values(upstreams)
  if (registry === undefined) {
    throw new CairnError(
      'not-found',
      'no npm registry is configured: run cairn setup npm, or set npm: upstream in config.yaml'
    )
  }
  return registry
}

/** A packument in the form that is asked for, or a tarball. Throws `invalid`, and `not-found` without an upstream. */
export function classifyNpm(request: AdapterRequest): Classification | undefined {
  const registry = registryOf(request)
  const wanted = packagePath(request.path)
  if (wanted === undefined) return undefined
  const { name } = wanted
  const source = packumentOf(registry, name)
  if (wanted.kind === 'tarball') {
    return {
      key: tarballKey(name, wanted.file),
      url: `${registry.url}${name}/-/${encodeURIComponent(wanted.file)}`,
      freshness: { kind: 'immutable' },
      mediaType: 'application/octet-stream',
      voucher: source
    }
  }
  const form = formOf(request.headers.accept)
  const base = baseOf(request.headers.host)
  return {
    ...source,
    key: packumentKey(name, `${form}.json.gz`),
    mediaType: form === 'full' ? 'application/json' : shortType,
    encoding: 'gzip',
    vary: 'Accept, Accept-Encoding, Host',
    derived: { source, variant: base, make: bytes => writePackument(name, form, base, bytes) }
  }
}

/** As the upstream sends it. */
function packumentOf(registry: Upstream, name: string): Classification {
  return {
    key: packumentKey(name, 'source.json'),
    url: registry.url + name.replace('/', '%2f'),
    freshness: { kind: 'mutable', maxAgeMs: packumentMaxAgeMs },
    mediaType: 'application/json',
    document: `npm/${name}`
  }
}

const shortType = 'application/vnd.npm.install-v1+json'

/** Clients name the short form first, with the full one as a lesser choice, or not at all. */
function formOf(accept = ''): PackumentForm {
  return accept.includes(shortType) ? 'short' : 'full'
}

/** The address the client knows this mirror by: tarballs must be at one that it reaches. */
function baseOf(host: string | undefined): string {
  if (host === undefined || !/^([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(:\d{1,5})?$/i.test(host)) {
    throw new CairnError('invalid', 'a request without a valid Host header')
  }
  return `http://${host}/npm/`
}

const passed: ReadonlyArray<readonly [string, RegExp]> = [
  ['GET', /^-\/ping$/],
  ['GET', /^-\/v1\/search$/],
  ['GET', /^-\/npm\/v1\/keys$/],
  ['GET', /^-\/npm\/v1\/attestations\/(@[\w.~-]+\/)?[\w.~-]+@[\w.+~-]+$/],
  ['GET', /^-\/package\/(@[\w.~-]+\/)?[\w.~-]+\/dist-tags$/],
  ['POST', /^-\/npm\/v1\/security\/advisories\/bulk$/],
  ['POST', /^-\/npm\/v1\/security\/audits(\/quick)?$/]
]

/** Questions that only the upstream can answer, now. Throws `not-found` without an upstream. */
export function passNpm(request: PassRequest): string | undefined {
  const { method, path, query } = request
  if (!passed.some(([verb, pattern]) => verb === method && pattern.test(path))) return undefined
  if (path.includes('..')) return undefined
  return `${registryOf(request).url}${path.replace(/(@[^/@]+)\/(?=[^/]+(@|\/dist-tags$))/, '$1%2f')}${query}`
}
