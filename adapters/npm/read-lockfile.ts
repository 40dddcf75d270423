import { CairnError } from '../../src/base/errors.ts'
import { type LockedTarball, lockedAt, lockedVersion } from './locked-tarball.ts'
import { isVersion } from './package-path.ts'
import { isObject } from './packument.ts'
import { readYamlLockfile } from './read-yaml-lockfile.ts'
import { readYarnLockfile, yarnMark } from './read-yarn-lockfile.ts'

/**
 * What a lockfile of npm 7 and later, pnpm or yarn has installed from registries, each tarball once: links, git
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

/** `package-lock.json` (lockfileVersion 2 and 3) and `npm-shrinkwrap.json`: https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json */
function ofNpm(text: string): LockedTarball[] {
  return Object.entries(packagesOf(text)).flatMap(([path, entry]) => {
    if (path === '' || !isObject(entry) || entry.link === true || entry.inBundle === true) return []
    return tarballOf(path, entry) ?? []
  })
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

function tarballOf(
  path: string,
  { name: alias, version, resolved }: Record<string, unknown>
): LockedTarball | undefined {
  const name = typeof alias === 'string' ? alias : path.replace(/^.*node_modules\//s, '')
  if (typeof version !== 'string' || !isVersion(version)) return undefined
  if (resolved === undefined) return lockedVersion(name, version)
  return typeof resolved === 'string' ? lockedAt(name, resolved) : undefined
}
