import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { isObject, type JsonObject, parsePackument, tarballFile } from './packument.ts'

/** `full` is all that the upstream says; `short` what installing needs. */
export type PackumentForm = 'full' | 'short'

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
 * A packument as this mirror serves it, gzipped: tarballs at `base` (ends with a slash), all else as
 * the upstream says it. Throws `upstream` on what is not the packument of this package.
 */
export async function writePackument(
  name: string,
  form: PackumentForm,
  base: string,
  bytes: Uint8Array
): Promise<Uint8Array> {
  const { document, versions } = parsePackument(name, bytes)
  for (const [version, manifest] of versions) {
    const file = tarballFile(name, version, manifest)
    if (isObject(manifest.dist) && file !== undefined) {
      manifest.dist.tarball = `${base}${name}/-/${encodeURIComponent(file)}`
    }
  }
  const written = form === 'full' ? document : shorten(document, versions)
  return await promisify(gzip)(JSON.stringify(written), { level: 6 })
}

/** With `time`, which clients want for a minimum release age. */
function shorten(
  document: JsonObject,
  versions: ReadonlyArray<readonly [string, JsonObject]>
): JsonObject {
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

function shortManifest(manifest: JsonObject): JsonObject {
  const kept = Object.entries(manifest).filter(([key]) => shortKeys.has(key))
  const scripts = isObject(manifest.scripts) ? manifest.scripts : {}
  const runs = ['preinstall', 'install', 'postinstall'].some(name => Object.hasOwn(scripts, name))
  return { ...(runs ? { hasInstallScript: true } : {}), ...Object.fromEntries(kept) }
}
