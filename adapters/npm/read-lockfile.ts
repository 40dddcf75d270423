import { CairnError } from '../../src/base/errors.ts'
import { type LockedTarball, lockedAt, lockedVersion } from './locked-tarball.ts'
import { isVersion } from './package-path.ts'
import { isObject } from './packument.ts'
import { readYamlLockfile } from './read-yaml-lockfile.ts'
import { readYarnLockfile, yarnMark } from './read-yarn-lockfile.ts'

/**
 * What a lockfile of npm, pnpm or yarn has installed from registries, each tarball once: links, git
 * and local folders are left out. Throws `invalid` for another file.
 */
export function readLockfile(text: string): LockedTarball[] {
  const found = new Map<string, LockedTarball>()
  for (const tarball of tarballsOf(text)) found.set(`${tarball.name}/${tarball.file}`, tarball)
  return [...found.values()]
}

function tarballsOf(text: string): LockedTarball[] {
  if (text.slice(0, 1000).includes(yarnMark)) return readYarnLockfile(text)
  return /^\s*[{[]/.test(text) ? ofNpm(text) : readYamlLockfile(text)
}

/** `package-lock.json` and `npm-shrinkwrap.json`: https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json */
function ofNpm(text: string): LockedTarball[] {
  const { lockfileVersion, packages, dependencies } = parsed(text)
  if (isObject(packages)) return ofPackages(packages)
  if (lockfileVersion === 1) return isObject(dependencies) ? ofDependencies(dependencies) : []
  throw new CairnError(
    'invalid',
    'the lockfile has neither "packages" nor a "lockfileVersion" of 1'
  )
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : {}
  } catch (cause) {
    throw new CairnError('invalid', 'the lockfile is not JSON', { cause })
  }
}

/** Of `lockfileVersion` 2 and 3: paths and what lies there. */
function ofPackages(packages: Record<string, unknown>): LockedTarball[] {
  return Object.entries(packages).flatMap(([path, entry]) => {
    if (path === '' || !isObject(entry) || entry.link === true || entry.inBundle === true) return []
    return tarballOf(path, entry) ?? []
  })
}

/** Of `lockfileVersion` 1, as npm 5 and 6 write it: names, and below each what lies in its own folder. */
function ofDependencies(dependencies: Record<string, unknown>): LockedTarball[] {
  const found: LockedTarball[] = []
  const left = Object.entries(dependencies)
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [name, entry] = next
    if (!isObject(entry)) continue
    if (isObject(entry.dependencies)) left.push(...Object.entries(entry.dependencies))
    if (entry.bundled !== true) found.push(...ofDependency(name, entry))
  }
  return found
}

/** Its `version` is an address where the package is none of a registry, and `npm:name@version` of another name. */
function ofDependency(
  name: string,
  { version, resolved }: Record<string, unknown>
): LockedTarball[] {
  const [, alias, own] = /^npm:(@?[^@]+)@(.+)$/s.exec(String(version)) ?? []
  return [tarballOf(alias ?? name, { version: own ?? version, resolved }) ?? []].flat()
}

function tarballOf(
  path: string,
  { name: alias, version, resolved }: Record<string, unknown>
): LockedTarball | undefined {
  const name = typeof alias === 'string' ? alias : path.replace(/^.*node_modules\//s, '')
  if (typeof version !== 'string' || !isVersion(version)) return undefined
  if (resolved === undefined) return lockedVersion(name, version)
  return typeof resolved === 'string' ? lockedAt(name, resolved) : undefined
}
