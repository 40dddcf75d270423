import { gzipSync } from 'node:zlib'
import { CairnError } from '../../src/base/errors.ts'
import { asOf } from './as-of.ts'
import {
  isObject,
  type JsonObject,
  type Packument,
  parsePackument,
  tarballFile
} from './packument.ts'

/** `full` is all that the upstream says; `short` what installing needs. */
export type PackumentForm = 'full' | 'short'

/** What is made of a packument. */
export interface Writing {
  readonly name: string
  readonly form: PackumentForm
  /** Where tarballs are said to be; ends with a slash. */
  readonly base: string
  /** Only what was published by then, milliseconds since 1970. */
  readonly cutoffMs?: number | undefined
  /** A part instead of all. */
  readonly only?: Part | undefined
}

/** One version, by its number or by a tag, or what tags lead to. */
export type Part = { readonly version: string } | 'tags'

/** https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md#abbreviated-version-object */
const shortKeys: ReadonlySet<string> = new Set([
  'name',
  'version',
  'deprecated',
  'dependencies',
  'acceptDependencies',
  'optionalDependencies',
  'devDependencies',
  'bundleDependencies',
  'bundledDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'bin',
  'directories',
  'dist',
  'engines',
  'cpu',
  'os',
  'libc',
  'funding',
  'hasInstallScript',
  '_hasShrinkwrap'
])

/**
 * A packument, or one version of it, as this mirror serves it, gzipped: all but the tarballs' places as
 * the upstream says it. Throws `upstream` on what is not the packument of this package, `not-found`
 * for a version that it does not have.
 */
export function writePackument(writing: Writing, bytes: Uint8Array): Uint8Array {
  const { name, form, base, cutoffMs, only } = writing
  const whole = parsePackument(name, bytes)
  const packument = cutoffMs === undefined ? whole : asOf(whole, cutoffMs)
  if (only === 'tags') return packed(tagsOf(packument))
  const one = only === undefined ? undefined : versionOf(packument, name, only.version)
  for (const [number, manifest] of one === undefined ? packument.versions : [one]) {
    const file = tarballFile(name, number, manifest)
    if (isObject(manifest.dist) && file !== undefined) {
      manifest.dist.tarball = `${base}${name}/-/${encodeURIComponent(file)}`
    }
  }
  return packed(one === undefined ? formed(packument, form) : shortIf(form, one[1]))
}

function packed(value: JsonObject): Uint8Array {
  return gzipSync(JSON.stringify(value), { level: 6 })
}

function tagsOf({ document }: Packument): JsonObject {
  const tags = document['dist-tags']
  return isObject(tags) ? tags : {}
}

function versionOf(
  packument: Packument,
  name: string,
  wanted: string
): Packument['versions'][number] {
  const tags = tagsOf(packument)
  const number = Object.hasOwn(tags, wanted) ? tags[wanted] : wanted
  const found = packument.versions.find(([version]) => version === number)
  if (found === undefined) throw new CairnError('not-found', `${name} has no version ${wanted}`)
  return found
}

function formed(packument: Packument, form: PackumentForm): JsonObject {
  return form === 'full' ? packument.document : shorten(packument)
}

/** With `time`, which clients want for a minimum release age. */
function shorten({ document, versions }: Packument): JsonObject {
  const { name, time } = document
  return {
    name,
    'dist-tags': document['dist-tags'],
    modified: isObject(time) ? time.modified : undefined,
    versions: Object.fromEntries(
      versions.map(([version, manifest]) => [version, shortManifest(manifest)])
    ),
    time
  }
}

function shortIf(form: PackumentForm, manifest: JsonObject): JsonObject {
  return form === 'full' ? manifest : shortManifest(manifest)
}

function shortManifest(manifest: JsonObject): JsonObject {
  const kept = Object.entries(manifest).filter(([key]) => shortKeys.has(key))
  const scripts = isObject(manifest.scripts) ? manifest.scripts : {}
  const runs = ['preinstall', 'install', 'postinstall'].some(name => Object.hasOwn(scripts, name))
  return { ...(runs ? { hasInstallScript: true } : {}), ...Object.fromEntries(kept) }
}
