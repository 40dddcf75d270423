/**
 * Orders two versions by precedence: negative if `a` comes first. Text that is no version comes before all.
 * https://semver.org/#spec-item-11
 */
export function orderVersions(a: string, b: string): number {
  const left = partsOf(a)
  const right = partsOf(b)
  if (left === undefined || right === undefined) {
    return Number(left !== undefined) - Number(right !== undefined)
  }
  for (let at = 0; at < 3; at++) {
    const difference = compareNumbers(left.core[at] ?? '', right.core[at] ?? '')
    if (difference !== 0) return difference
  }
  return comparePrereleases(left.prerelease, right.prerelease)
}

export function isPrerelease(version: string): boolean {
  return (partsOf(version)?.prerelease.length ?? 0) > 0
}

interface Parts {
  readonly core: readonly string[]
  readonly prerelease: readonly string[]
}

function partsOf(version: string): Parts | undefined {
  const [whole, major = '', minor = '', patch = '', prerelease] =
    /^(\d+)\.(\d+)\.(\d+)(?:-([^+]+))?(?:\+.*)?$/.exec(version) ?? []
  if (whole === undefined) return undefined
  return { core: [major, minor, patch], prerelease: prerelease?.split('.') ?? [] }
}

/** Of any length: a longer one is greater, leading zeros there are none. */
function compareNumbers(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const difference = compareIdentifiers(a[at] ?? '', b[at] ?? '')
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function compareIdentifiers(a: string, b: string): number {
  const numeric = [a, b].map(text => /^\d+$/.test(text))
  if (numeric[0] === true && numeric[1] === true) return compareNumbers(a, b)
  if (numeric[0] !== numeric[1]) return numeric[0] === true ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
