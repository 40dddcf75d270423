import { ByteBudget } from '../../src/base/byte-budget.ts'
import { type Digest, type DigestAlgorithm, digestFromHex } from '../../src/base/digest.ts'
import { limits } from '../../src/base/limits.ts'
import type { Learned, LearnItem } from '../../src/pull/adapter.ts'
import { nameOfPackumentKey, tarballKey } from './package-path.ts'
import { isObject, type JsonObject, parsePackument, tarballFile } from './packument.ts'

/** The digest of each version's tarball. Throws `upstream` on what is not the packument of the key's package. */
export async function* learnNpm(
  item: LearnItem,
  document: AsyncIterable<Uint8Array>
): AsyncGenerator<Learned> {
  const name = nameOfPackumentKey(item.key)
  const { versions } = parsePackument(name, await gather(document))
  for (const [version, manifest] of versions) {
    const file = tarballFile(name, version, manifest)
    const digest = isObject(manifest.dist) ? distDigest(manifest.dist) : undefined
    if (file !== undefined && digest !== undefined) yield { key: tarballKey(name, file), digest }
  }
}

async function gather(document: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  const budget = new ByteBudget(limits.derivedBytes, 'a packument')
  for await (const piece of budget.pass(document)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

const strongestFirst: readonly DigestAlgorithm[] = ['sha512', 'sha256', 'sha1']

/** The strongest that `dist` names: `integrity` (https://www.w3.org/TR/SRI/), else `shasum`. */
function distDigest({ integrity, shasum }: JsonObject): Digest | undefined {
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
