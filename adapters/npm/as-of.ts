import { isPrerelease, orderVersions } from './order-versions.ts'
import { isObject, type JsonObject, type Packument } from './packument.ts'

/**
 * The packument with what was published by then: later versions, and those that have no date, are
 * left out; so are tags that lead to them, but `latest` leads to the highest release that is
 * left and not above where it led.
 */
export function asOf({ document, versions }: Packument, cutoffMs: number): Packument {
  const time = isObject(document.time) ? document.time : {}
  const left = versions.filter(([version]) => isBy(own(time, version), cutoffMs))
  const names = new Set(left.map(([version]) => version))
  const tags = isObject(document['dist-tags']) ? document['dist-tags'] : {}
  const dates = Object.entries(time).filter(
    ([name, date]) => names.has(name) || (!isVersionOf(versions, name) && isBy(date, cutoffMs))
  )
  return {
    document: {
      ...document,
      'dist-tags': tagsLeft(tags, left),
      versions: Object.fromEntries(left),
      time: Object.fromEntries(dates)
    },
    versions: left
  }
}

function isVersionOf(versions: Packument['versions'], name: string): boolean {
  return versions.some(([version]) => version === name)
}

function isBy(date: unknown, cutoffMs: number): boolean {
  return typeof date === 'string' && Date.parse(date) <= cutoffMs
}

function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined
}

function tagsLeft(tags: JsonObject, left: Packument['versions']): JsonObject {
  const names = new Set<unknown>(left.map(([version]) => version))
  const kept = Object.entries(tags).filter(([, version]) => names.has(version))
  const latest = own(tags, 'latest')
  if (typeof latest !== 'string' || names.has(latest)) return Object.fromEntries(kept)
  const instead = highest(left, latest)
  return Object.fromEntries(instead === undefined ? kept : [...kept, ['latest', instead]])
}

/** Releases not above the one named go before other releases, these before prereleases; deprecated ones come last. */
function highest(left: Packument['versions'], named: string): string | undefined {
  const rank = ([version, manifest]: Packument['versions'][number]): number =>
    (typeof manifest.deprecated === 'string' ? 0 : 4) +
    (isPrerelease(version) ? 0 : 2) +
    (orderVersions(version, named) <= 0 ? 1 : 0)
  const sorted = left.toSorted((a, b) => rank(a) - rank(b) || orderVersions(a[0], b[0]))
  return sorted.at(-1)?.[0]
}
