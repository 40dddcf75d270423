import { CairnError } from '../../src/base/errors.ts'
import { isPackageName, isTag, isTarballFile, isVersion } from './package-path.ts'

/** What a path below the registry's address names: https://github.com/npm/registry/blob/main/docs/REGISTRY-API.md */
export type NpmTarget =
  | { readonly kind: 'packument'; readonly name: string }
  | { readonly kind: 'version'; readonly name: string; readonly version: string }
  | {
      readonly kind: 'tarball'
      readonly name: string
      readonly file: string
      readonly revision: string | undefined
    }
  | { readonly kind: 'revision'; readonly name: string; readonly revision: string }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'tag'; readonly name: string; readonly tag: string }
  | { readonly kind: 'access' | 'visibility' | 'collaborators'; readonly name: string }
  | { readonly kind: 'attestations'; readonly name: string; readonly version: string }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'token'; readonly id: string }
  | { readonly kind: 'packages-of'; readonly owner: 'user' | 'org'; readonly name: string }
  | { readonly kind: 'login-page' | 'login-done'; readonly session: string }
  | { readonly kind: PlainKind }

type PlainKind =
  | 'ping'
  | 'whoami'
  | 'search'
  | 'keys'
  | 'advisories'
  | 'audit'
  | 'login'
  | 'profile'
  | 'tokens'

/** What part of the registry is asked, and as of when. */
export interface NpmView {
  /** An upstream that was asked for by name: `+<upstream>/`. */
  readonly upstream: string | undefined
  /** Only what was published by then: `@<time>/`, milliseconds since 1970. */
  readonly asOfMs: number | undefined
  /** What stands before the path: both, as written; empty for neither. */
  readonly prefix: string
}

const plain: Readonly<Record<string, PlainKind>> = {
  '-/ping': 'ping',
  '-/whoami': 'whoami',
  '-/v1/search': 'search',
  '-/v1/login': 'login',
  '-/npm/v1/keys': 'keys',
  '-/npm/v1/security/advisories/bulk': 'advisories',
  '-/npm/v1/security/audits': 'audit',
  '-/npm/v1/security/audits/quick': 'audit',
  '-/npm/v1/user': 'profile',
  '-/npm/v1/tokens': 'tokens'
}

/**
 * A decoded path, and the view it is asked in. `target` is undefined for what no registry has. Throws
 * `invalid` on what an attacker would send.
 */
export function parseNpmPath(path: string): { view: NpmView; target: NpmTarget | undefined } {
  for (const part of path.split('/')) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (part === '.' || part === '..' || /[\u0000-\u001f\u007f\\]/.test(part)) {
      throw new CairnError('invalid', `${JSON.stringify(path.slice(0, 200))} is not a package`)
    }
  }
  const [prefix = '', upstream, time] =
    /^(?:\+([a-z0-9][a-z0-9._-]*)\/)?(?:@(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z)\/)?/.exec(
      path
    ) ?? []
  const asOfMs = time === undefined ? undefined : Date.parse(time)
  if (Number.isNaN(asOfMs)) throw new CairnError('invalid', `${time} is no time`)
  return { view: { upstream, asOfMs, prefix }, target: parseTarget(path.slice(prefix.length)) }
}

function parseTarget(path: string): NpmTarget | undefined {
  const kind = Object.hasOwn(plain, path) ? plain[path] : undefined
  if (kind !== undefined) return { kind }
  if (path.startsWith('-/')) return ofRegistry(path.slice(2))
  const [, name = '', rest = ''] = /^(@[^/]+\/[^/]+|[^@/][^/]*)(?:\/(.*))?$/s.exec(path) ?? []
  return isPackageName(name) ? ofPackage(name, rest) : undefined
}

function ofRegistry(path: string): NpmTarget | undefined {
  for (const [pattern, make] of endpoints) {
    const [whole, first = '', second = ''] = pattern.exec(path) ?? []
    if (whole !== undefined) return make(first, second)
  }
  return undefined
}

type Make = (first: string, second: string) => NpmTarget | undefined

const name = '((?:@[^/]+/)?[^/]+)'

const endpoints: ReadonlyArray<readonly [RegExp, Make]> = [
  [
    new RegExp(`^package/${name}/dist-tags$`),
    name => (isPackageName(name) ? { kind: 'tags', name } : undefined)
  ],
  [
    new RegExp(`^package/${name}/dist-tags/([^/]+)$`),
    (name, tag) => (isPackageName(name) && isTag(tag) ? { kind: 'tag', name, tag } : undefined)
  ],
  [
    new RegExp(`^package/${name}/(access|visibility|collaborators)$`),
    (name, kind) =>
      isPackageName(name)
        ? { kind: kind as 'access' | 'visibility' | 'collaborators', name }
        : undefined
  ],
  [
    new RegExp(`^npm/v1/attestations/${name}@([^/@]+)$`),
    (name, version) =>
      isPackageName(name) && isVersion(version)
        ? { kind: 'attestations', name, version }
        : undefined
  ],
  [/^user\/org\.couchdb\.user:([^/]+)$/, name => ({ kind: 'user', name })],
  [/^(user|org)\/([^/:]+)\/package$/, (owner, name) => packagesOf(owner, name)],
  [/^user\/token\/([^/]+)$/, id => ({ kind: 'token', id })],
  [/^npm\/v1\/tokens\/token\/([^/]+)$/, id => ({ kind: 'token', id })],
  [/^v1\/login\/([\w-]+)$/, session => ({ kind: 'login-page', session })],
  [/^v1\/login\/([\w-]+)\/done$/, session => ({ kind: 'login-done', session })]
]

function packagesOf(owner: string, name: string): NpmTarget | undefined {
  return owner === 'user' || owner === 'org' ? { kind: 'packages-of', owner, name } : undefined
}

/** A package's own paths: `''`, `<version or tag>`, `-/<file>`, and what changes them with a revision behind. */
function ofPackage(name: string, rest: string): NpmTarget | undefined {
  if (rest === '') return { kind: 'packument', name }
  const [, revision] = /^-rev\/([^/]+)$/.exec(rest) ?? []
  if (revision !== undefined) return { kind: 'revision', name, revision }
  const [, file, changed] = /^-\/(?:@[^/]+\/)?([^/]+)(?:\/-rev\/([^/]+))?$/.exec(rest) ?? []
  if (file !== undefined) {
    return isTarballFile(file) ? { kind: 'tarball', name, file, revision: changed } : undefined
  }
  return isVersion(rest) || isTag(rest) ? { kind: 'version', name, version: rest } : undefined
}
