import { isPackageName, isTarballFile, isVersion, usualFile } from './package-path.ts'

/** A tarball that a lockfile names. */
export interface LockedTarball {
  readonly name: string
  readonly file: string
}

/** By its name and version; undefined for what none can be. */
export function lockedVersion(name: string, version: string): LockedTarball | undefined {
  if (!isPackageName(name) || !isVersion(version)) return undefined
  return { name, file: usualFile(name, version) }
}

/** By its address if that is a registry's. */
export function lockedAt(name: string, address: string): LockedTarball | undefined {
  const url = URL.parse(address)
  if (!isPackageName(name) || url === null || !/^https?:$/.test(url.protocol)) return undefined
  const [, file = ''] = /\/-\/(?:.*\/)?([^/]+)$/.exec(url.pathname) ?? []
  return isTarballFile(file) ? { name, file } : undefined
}
