import { type Digest, type DigestAlgorithm, digestFromHex } from '../../src/base/digest.ts'
import type { Learned } from '../../src/pull/adapter.ts'
import { tarballKey } from './package-path.ts'
import { isObject, type JsonObject, parsePackument, tarballFile } from './packument.ts'

/** The digest of each version's tarball, by its catalog key. Throws `upstream` on what is not the packument of this package. */
export function readDigests(prefix: string, name: string, bytes: Uint8Array): Learned[] {
  return parsePackument(name, bytes).versions.flatMap(([version, manifest]) => {
    const file = tarballFile(name, version, manifest)
    const digest = isObject(manifest.dist) ? distDigest(manifest.dist) : undefined
    if (file === undefined || digest === undefined) return []
    return [{ key: tarballKey(prefix, name, file), digest }]
  })
}

const strongestFirst: readonly DigestAlgorithm[] = ['sha512', 'sha256', 'sha1']

/** The strongest that `dist` names: `integrity` (https://www.w3.org/TR/SRI/), else `shasum`. */
export function distDigest({ integrity, shasum }: JsonObject): Digest | undefined {
  const named = typeof integrity === 'string' ? integrity.trim().split(/\s+/) : []
  for (const algorithm of strongestFirst) {
    for (const entry of named) {
      if (!entry.startsWith(`${algorithm}-`)) continue
      const base64 = entry.slice(algorithm.length + 1).replace(/\?.*$/, '')
      const digest = digestOrUndefined(algorithm, Buffer.from(base64, 'base64').toString('hex'))
      if (digest !== undefined) return digest
    }
  }
  return typeof shasum === 'string' ? digestOrUndefined('sha1', shasum) : undefined
}

function digestOrUndefined(algorithm: DigestAlgorithm, hex: string): Digest | undefined {
  try {
    return digestFromHex(algorithm, hex)
  } catch {
    return undefined
  }
}
