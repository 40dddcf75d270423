import { type Digest, type DigestAlgorithm, digestFromHex } from '../../src/base/digest.ts'
import { CairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'

/**
 * Splits a decoded path into its parts; doubled slashes vanish. Throws `invalid` on what no
 * repository has and an attacker would send: `.`, `..`, NUL and control characters, backslashes.
 */
export function repositoryParts(path: string): string[] {
  const parts = path.split('/').filter(part => part !== '')
  for (const part of parts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (part === '.' || part === '..' || /[\u0000-\u001f\u007f\\]/.test(part)) {
      throw new CairnError('invalid', `${JSON.stringify(path.slice(0, 200))} is not a path`)
    }
    if (Buffer.byteLength(part) > limits.nameBytes) {
      throw new CairnError('name-too-long', `a path part of ${part.length} characters`)
    }
  }
  return parts
}

const hashFolders: Readonly<Record<string, DigestAlgorithm>> = {
  SHA256: 'sha256',
  SHA512: 'sha512',
  SHA1: 'sha1',
  MD5Sum: 'md5'
}

/** What a file of a repository is, told by its path alone. */
export type RepositoryFile =
  | { readonly kind: 'release' }
  | { readonly kind: 'signature' }
  | { readonly kind: 'by-hash'; readonly digest: Digest; readonly folder: string }
  | { readonly kind: 'packages' | 'sources'; readonly folder: string; readonly name: string }
  | { readonly kind: 'archive' }
  | { readonly kind: 'other' }

/** An architecture's folder has a Release of its own, of a few lines, which the suite's names. */
function isPart(parts: readonly string[]): boolean {
  return parts[0] === 'dists' && /^(binary-.*|source)$/.test(parts.at(-2) ?? '')
}

/**
 * `by-hash` files and archives never change; all others may. Below `dists` only packages are
 * archives: installer images there are replaced under the same name.
 */
export function repositoryFile(parts: readonly string[]): RepositoryFile {
  const name = parts.at(-1) ?? ''
  const folder = parts.slice(0, -1).join('/')
  const algorithm = hashFolders[parts.at(-2) ?? '']
  if (parts.at(-3) === 'by-hash' && algorithm !== undefined) {
    const digest = digestFromHex(algorithm, name)
    return { kind: 'by-hash', digest, folder: parts.slice(0, -3).join('/') }
  }
  if (name === 'Release.gpg') return { kind: 'signature' }
  if (name === 'InRelease' || (name === 'Release' && !isPart(parts))) return { kind: 'release' }
  if (/^Packages(\.(gz|xz|zst))?$/.test(name)) return { kind: 'packages', folder, name: 'Packages' }
  if (/^Sources(\.(gz|xz|zst))?$/.test(name)) return { kind: 'sources', folder, name: 'Sources' }
  if (/\.(deb|udeb|ddeb)$/.test(name)) return { kind: 'archive' }
  if (parts[0] === 'pool' || parts.includes('pool')) return { kind: 'archive' }
  if (!parts.includes('dists') && /\.(dsc|tar\.\w+|diff\.gz)$/.test(name))
    return { kind: 'archive' }
  return { kind: 'other' }
}
