import { CairnError } from '../../src/base/errors.ts'
import { isPackageName, isTarballFile, isVersion, usualFile } from './package-path.ts'
import { isObject } from './packument.ts'

/** A tarball that a lockfile names. */
export interface LockedTarball {
  readonly name: string
  readonly file: string
}

/**
 * What `package-lock.json` (lockfileVersion 2 and 3) and `npm-shrinkwrap.json` have installed from
 * registries: links, git and local folders are left out. Throws `invalid` for another file.
 * https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json
 */
export function readLockfile(text: string): LockedTarball[] {
  const found = new Map<string, LockedTarball>()
  for (const [path, entry] of Object.entries(packagesOf(text))) {
    if (path === '' || !isObject(entry) || entry.link === true || entry.inBundle === true) continue
    const tarball = tarballOf(path, entry)
    if (tarball !== undefined) found.set(`${tarball.name}/${tarball.file}`, tarball)
  }
  return [...found.values()]
}

function packagesOf(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CairnError('invalid', 'the lockfile is not JSON', { cause })
  }
  if (isObject(value) && isObject(value.packages)) return value.packages
  throw new CairnError('invalid', 'the lockfile has no "packages": write it with npm 7 or later')
}

/** By its address if that is a registry's, else by its name and version. */
function tarballOf(
  path: string,
  { name: alias, version, resolved }: Record<string, unknown>
): LockedTarball | undefined {
  const name = typeof alias === 'string' ? alias : path.replace(/^.*node_modules\//s, '')
  if (!isPackageName(name) || typeof version !== 'string' || !isVersion(version)) return undefined
  if (resolved === undefined) return { name, file: usualFile(name, version) }
  const url = typeof resolved === 'string' ? URL.parse(resolved) : null
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined
  const [, file = ''] = /\/-\/(?:.*\/)?([^/]+)$/.exec(url.pathname) ?? []
  return isTarballFile(file) ? { name, file } : undefined
}
