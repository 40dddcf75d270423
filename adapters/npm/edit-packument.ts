import { CairnError } from '../../src/base/errors.ts'
import { orderVersions } from './order-versions.ts'
import { isTag, isVersion, usualFile } from './package-path.ts'
import { isObject, type JsonObject } from './packument.ts'
import type { Publication, PublishedTarball } from './read-publication.ts'

/** A hosted package's packument after a change, and what the change does to its tarballs. */
export interface Edited {
  readonly document: JsonObject
  readonly added: ReadonlyArray<{ readonly file: string; readonly tarball: PublishedTarball }>
  /** Versions that are gone. */
  readonly removed: readonly string[]
}

/** Who changes it, and when (ISO 8601). */
export interface Editor {
  readonly user: string | undefined
  readonly now: string
}

/** What stands for a package that was never published. */
export function emptyPackument(name: string): JsonObject {
  return { _id: name, name, 'dist-tags': {}, versions: {}, time: {} }
}

/**
 * The packument with one more version. Throws `invalid` for what cannot be published, `mismatch` if its
 * bytes are not what it says, `not-permitted` for a version that there is or ever was.
 */
export function withPublication(
  current: JsonObject,
  { document, tarballs }: Publication,
  { user, now }: Editor
): Edited {
  const name = String(current.name)
  const [version, manifest] = newVersion(name, document)
  const [tarball] = tarballs
  if (tarball === undefined || tarballs.length > 1) {
    throw new CairnError('invalid', `${name}@${version} must come with one tarball`)
  }
  const time = mapOf(current.time)
  if (Object.hasOwn(mapOf(current.versions), version) || Object.hasOwn(time, version)) {
    const what = Object.hasOwn(mapOf(current.versions), version)
      ? 'is published'
      : 'was unpublished'
    throw new CairnError('not-permitted', `${name}@${version} ${what}: give another version number`)
  }
  const file = usualFile(name, version)
  const dist = {
    ...checkedDist(name, version, mapOf(manifest.dist), tarball),
    tarball: `http://localhost/${file}`
  }
  const npmUser = user === undefined ? manifest._npmUser : { name: user }
  const { versions: _, 'dist-tags': tags, time: __, access: ___, ...about } = document
  const first = user === undefined ? undefined : [{ name: user, email: '' }]
  return {
    document: {
      ...current,
      ...about,
      maintainers: about.maintainers ?? current.maintainers ?? first,
      'dist-tags': { ...mapOf(current['dist-tags']), ...tagsOf(name, mapOf(tags), version) },
      versions: { ...mapOf(current.versions), [version]: { ...manifest, _npmUser: npmUser, dist } },
      time: { created: now, ...time, modified: now, [version]: now }
    },
    added: [{ file, tarball }],
    removed: []
  }
}

function newVersion(name: string, { versions }: JsonObject): [string, JsonObject] {
  const [entry, ...more] = Object.entries(mapOf(versions))
  if (entry === undefined || more.length > 0) {
    throw new CairnError('invalid', `${name}: one version is published at a time`)
  }
  const [version, manifest] = entry
  if (
    !isVersion(version) ||
    !isObject(manifest) ||
    manifest.version !== version ||
    manifest.name !== name
  ) {
    throw new CairnError(
      'invalid',
      `${name}: ${JSON.stringify(version.slice(0, 80))} is no version of it`
    )
  }
  return [version, manifest]
}

function checkedDist(
  name: string,
  version: string,
  dist: JsonObject,
  { integrity, shasum }: PublishedTarball
): JsonObject {
  const said = typeof dist.integrity === 'string' ? dist.integrity.split(/\s+/) : []
  const wrong =
    (said.some(each => each.startsWith('sha512-')) && !said.includes(integrity)) ||
    (typeof dist.shasum === 'string' && dist.shasum.toLowerCase() !== shasum)
  if (wrong) {
    throw new CairnError(
      'mismatch',
      `the tarball of ${name}@${version} is not the one its manifest names`
    )
  }
  return { ...dist, integrity, shasum }
}

function tagsOf(name: string, tags: JsonObject, version: string): JsonObject {
  for (const [tag, target] of Object.entries(tags)) {
    if (!isTag(tag) || target !== version) {
      throw new CairnError(
        'invalid',
        `${name}: ${JSON.stringify(tag.slice(0, 80))} cannot tag what is published`
      )
    }
  }
  return Object.keys(tags).length === 0 ? { latest: version } : tags
}

/**
 * The packument after a client sent all of it back: deprecations, tags, maintainers, stars and the
 * readme are taken over, nothing else of a version. With `mayRemove` versions left out are gone. Throws `invalid`
 * if nothing would be left.
 */
export function withDocument(
  current: JsonObject,
  proposed: JsonObject,
  { now }: Editor,
  mayRemove: boolean
): Edited {
  const before = Object.entries(mapOf(current.versions))
  const wanted = mapOf(proposed.versions)
  const kept = before.filter(([version]) => !mayRemove || Object.hasOwn(wanted, version))
  const versions = Object.fromEntries(
    kept.map(([version, manifest]) => [version, withDeprecation(mapOf(manifest), wanted[version])])
  )
  const { maintainers, users, readme } = { ...current, ...proposed }
  const tags = { ...mapOf(current['dist-tags']), ...mapOf(proposed['dist-tags']) }
  return {
    document: {
      ...current,
      maintainers,
      users,
      readme,
      versions,
      'dist-tags': tagsLeft(tags, Object.keys(versions)),
      time: { ...mapOf(current.time), modified: now }
    },
    added: [],
    removed: before.map(([version]) => version).filter(version => !Object.hasOwn(versions, version))
  }
}

function withDeprecation(manifest: JsonObject, wanted: unknown): JsonObject {
  if (!isObject(wanted)) return manifest
  const { deprecated: _, ...rest } = manifest
  const { deprecated } = wanted
  return typeof deprecated === 'string' && deprecated !== '' ? { ...rest, deprecated } : rest
}

/** Every package has a `latest` as long as it has versions. */
function tagsLeft(tags: JsonObject, versions: readonly string[]): JsonObject {
  const left = Object.entries(tags).filter(
    ([tag, version]) => isTag(tag) && versions.includes(String(version))
  )
  const highest = versions.toSorted(orderVersions).at(-1)
  const hasLatest = left.some(([tag]) => tag === 'latest')
  return Object.fromEntries(
    hasLatest || highest === undefined ? left : [...left, ['latest', highest]]
  )
}

/** The packument with a tag that leads to a version. Throws `invalid`, `not-found` for a version there is not. */
export function withTag(
  current: JsonObject,
  tag: string,
  version: unknown,
  { now }: Editor
): Edited {
  if (typeof version !== 'string' || !Object.hasOwn(mapOf(current.versions), version)) {
    const shown = JSON.stringify(version)?.slice(0, 80)
    throw new CairnError('not-found', `${current.name} has no version ${shown} to be tagged`)
  }
  return retagged(current, { ...mapOf(current['dist-tags']), [tag]: version }, now)
}

/** Throws `invalid` for `latest`, which every package has, `not-found`. */
export function withoutTag(current: JsonObject, tag: string, { now }: Editor): Edited {
  if (tag === 'latest') throw new CairnError('invalid', 'every package has a tag latest: move it')
  const { [tag]: version, ...rest } = mapOf(current['dist-tags'])
  if (version === undefined) throw new CairnError('not-found', `${current.name} has no tag ${tag}`)
  return retagged(current, rest, now)
}

function retagged(current: JsonObject, tags: JsonObject, now: string): Edited {
  const document = {
    ...current,
    'dist-tags': tags,
    time: { ...mapOf(current.time), modified: now }
  }
  return { document, added: [], removed: [] }
}

/** With no version left. Its name and their numbers are never given out again. */
export function withoutVersions(current: JsonObject, { now }: Editor): Edited {
  const removed = Object.keys(mapOf(current.versions))
  const time = { ...mapOf(current.time), modified: now }
  return { document: { ...current, versions: {}, 'dist-tags': {}, time }, added: [], removed }
}

function mapOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}
