import { algorithmOf, type Digest, digestFromHex } from '../../src/base/digest.ts'
import { CairnError } from '../../src/base/errors.ts'

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const name = new RegExp(`^${component}(?:/${component})*$`)
const longestName = 255

/** Whether a repository may be named so: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests */
export function isRepositoryName(text: string): boolean {
  return text.length <= longestName && name.test(text)
}

export function isTag(text: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(text)
}

/**
 * A digest as OCI writes it, of an algorithm that the image specification registers: sha256 or
 * sha512, lower-case hex. Throws `invalid`. https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#digests
 */
export function parseDigest(text: string): Digest {
  const [, algorithm, hex = ''] = /^(sha256|sha512):([0-9a-f]+)$/.exec(text) ?? []
  if (algorithm !== 'sha256' && algorithm !== 'sha512') {
    throw new CairnError('invalid', `${show(text)} is not a sha256 or sha512 digest`)
  }
  return digestFromHex(algorithm, hex)
}

/** What a manifest is asked for by. Throws `invalid` for what is neither a tag nor a digest. */
export function parseReference(text: string): { tag: string } | { digest: Digest } {
  if (text.includes(':')) return { digest: parseDigest(text) }
  if (isTag(text)) return { tag: text }
  throw new CairnError('invalid', `${show(text)} is neither a tag nor a digest`)
}

/** The tag that holds referrers where a registry has no API for them, without the prefix of a digest's algorithm. */
export function referrersTag(digest: Digest): string {
  const algorithm = algorithmOf(digest)
  return `${algorithm}-${digest.slice(algorithm.length + 1, algorithm.length + 65)}`
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 140))
}
