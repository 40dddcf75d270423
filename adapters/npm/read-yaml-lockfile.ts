import { parse } from 'yaml'
import { CairnError } from '../../src/base/errors.ts'
import { type LockedTarball, lockedAt, lockedVersion } from './locked-tarball.ts'
import { isObject } from './packument.ts'

/**
 * What `yarn.lock` of yarn 2 and later, and `pnpm-lock.yaml`, have from registries: workspaces, patches, git and
 * files are left out. Throws `invalid` for another file. https://github.com/pnpm/spec/tree/master/lockfile
 */
export function readYamlLockfile(text: string): LockedTarball[] {
  const value = parsed(text)
  if (isObject(value) && isObject(value.__metadata)) return ofYarn(value)
  if (isObject(value) && value.lockfileVersion !== undefined) return ofPnpm(value)
  throw new CairnError('invalid', 'it is no lockfile of npm, pnpm or yarn')
}

function parsed(text: string): unknown {
  try {
    return parse(text, { logLevel: 'silent' })
  } catch (cause) {
    throw new CairnError('invalid', 'the lockfile is neither JSON nor YAML', { cause })
  }
}

/** By `resolution: name@npm:version`, behind which the address may stand. */
function ofYarn(entries: Record<string, unknown>): LockedTarball[] {
  return Object.values(entries).flatMap(entry => {
    const resolution = isObject(entry) ? String(entry.resolution) : ''
    const [, name = '', version = '', params = ''] =
      /^(@?[^@]+)@npm:([^:]+)(?:::(.*))?$/s.exec(resolution) ?? []
    const address = new URLSearchParams(params).get('__archiveUrl')
    return (address === null ? lockedVersion(name, version) : lockedAt(name, address)) ?? []
  })
}

/** By the keys of `packages`, as its versions write them: `name@1.0.0`, `/name@1.0.0(peer@2.0.0)`, `/name/1.0.0_peer@2.0.0`. */
function ofPnpm({ packages }: Record<string, unknown>): LockedTarball[] {
  return Object.entries(isObject(packages) ? packages : {}).flatMap(([key, entry]) => {
    const [, name = '', version = ''] = /^\/?((?:@[^/@]+\/)?[^/@]+)[@/]([^(_/]+)/.exec(key) ?? []
    const resolution = isObject(entry) && isObject(entry.resolution) ? entry.resolution : {}
    const { tarball, type, integrity } = resolution
    if (type !== undefined) return []
    if (typeof tarball === 'string') return lockedAt(name, tarball) ?? []
    return integrity === undefined ? [] : (lockedVersion(name, version) ?? [])
  })
}
