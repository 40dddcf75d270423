import { type LockedTarball, lockedAt, lockedVersion } from './locked-tarball.ts'

/** What a lockfile of yarn 1 begins with. */
export const yarnMark = '# yarn lockfile v1'

/**
 * What `yarn.lock` of yarn 1 has from registries; what has no address of a registry's shape is left out.
 * https://classic.yarnpkg.com/lang/en/docs/yarn-lock/
 */
export function readYarnLockfile(text: string): LockedTarball[] {
  return text.split(/\n(?=\S)/).flatMap(entry => {
    const [head = '', ...lines] = entry.split('\n')
    const name = nameIn(head)
    const version = fieldOf(lines, 'version')
    const resolved = fieldOf(lines, 'resolved')
    if (name === undefined || version === undefined) return []
    return (resolved === undefined ? lockedVersion(name, version) : lockedAt(name, resolved)) ?? []
  })
}

/** Of `"a@^1", "a@^1.2":` or `alias@npm:a@^1:` the name at the registry. */
function nameIn(head: string): string | undefined {
  const [, pattern = ''] = /^"?([^",]+)/.exec(head) ?? []
  const [, alias] = /^@?[^@]+@npm:(@?[^@]+)/.exec(pattern) ?? []
  return alias ?? /^(@?[^@]+)@/.exec(pattern)?.[1]
}

function fieldOf(lines: readonly string[], field: string): string | undefined {
  const line = lines.find(each => each.startsWith(`  ${field} `))
  return line?.slice(field.length + 3).replace(/^"|"\s*$/g, '')
}
