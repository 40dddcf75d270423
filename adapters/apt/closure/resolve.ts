import { CairnError } from '../../../src/base/errors.ts'
import { compareVersions } from './compare-versions.ts'
import type { PackageEntry } from './read-packages.ts'

/** A package, and where its archive is. */
export interface Candidate extends PackageEntry {
  /** What `path` counts from. */
  readonly base: string
}

/**
 * The packages, and all they need, each in its newest version: what apt would take on an empty machine,
 * but that versions asked for by others are not looked at, and of alternatives the first that exists is
 * taken. `name=version` names one version. Throws `not-found` for a package that no index has.
 */
export function resolvePackages(
  wanted: readonly string[],
  candidates: Iterable<Candidate>
): Candidate[] {
  const byName = new Map<string, Candidate>()
  const exact = new Map<string, Candidate>()
  const providers = new Map<string, Candidate>()
  for (const candidate of candidates) {
    const { name, version, provides } = candidate
    exact.set(`${name}=${version}`, candidate)
    const known = byName.get(name)
    if (known === undefined || compareVersions(known.version, version) < 0) {
      byName.set(name, candidate)
    }
    for (const virtual of provides) {
      if (!providers.has(virtual)) providers.set(virtual, candidate)
    }
  }
  const find = (name: string) => byName.get(name) ?? providers.get(name)
  const chosen = new Map<string, Candidate>()
  const queue = wanted.map(text => {
    const found = text.includes('=') ? exact.get(text) : find(text)
    if (found !== undefined) return found
    throw new CairnError('not-found', `no index that is held names ${text}`)
  })
  for (let candidate = queue.pop(); candidate !== undefined; candidate = queue.pop()) {
    if (chosen.has(candidate.name)) continue
    chosen.set(candidate.name, candidate)
    for (const group of candidate.needs) {
      if (group.some(name => chosen.has(name))) continue
      const needed = group.flatMap(name => find(name) ?? [])[0]
      if (needed !== undefined) queue.push(needed)
    }
  }
  return [...chosen.values()]
}
