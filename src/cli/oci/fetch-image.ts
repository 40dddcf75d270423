import { type Manifest, readManifest } from '../../../adapters/oci/manifest.ts'
import { platformFor } from '../../../adapters/oci/platform.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import type { ImageName } from './image-name.ts'

/** A daemon's registry, as `http://host:port/`. */
export interface Registry {
  readonly base: string
  readonly signal: AbortSignal
}

/** An image's manifest for a processor, as Node or a registry names it. Throws `not-found`, `upstream`, `invalid`. */
export async function fetchImage(
  registry: Registry,
  image: ImageName,
  arch: string
): Promise<Manifest> {
  const manifest = readManifest(await fetchPart(registry, image, `manifests/${image.tag}`))
  if (manifest.manifests.length === 0) return manifest
  const { digest } = platformFor(manifest.manifests, arch)
  return readManifest(await fetchPart(registry, image, `manifests/${digest}`))
}

/** A small part of an image (`blobs/<digest>`), whole. Throws `not-found`, `upstream`. */
export async function fetchPart(
  { base, signal }: Registry,
  image: ImageName,
  part: string
): Promise<Uint8Array> {
  const url = partUrl(base, image, part)
  const answer = await fetch(url, { signal }).catch((cause: unknown) => {
    throw toCairnError(cause, `${url} cannot be asked`)
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  if (answer.ok) return bytes
  const code = answer.status === 404 ? 'not-found' : 'upstream'
  throw new CairnError(code, `${image.name}:${image.tag}: ${messageIn(bytes)}`)
}

export function partUrl(base: string, { name }: ImageName, part: string): string {
  return `${base}v2/${name}/${part}`
}

function messageIn(bytes: Buffer): string {
  try {
    const { errors } = JSON.parse(bytes.toString('utf8')) as { errors?: [{ message?: string }] }
    return errors?.[0]?.message ?? 'not to be had'
  } catch {
    return 'not to be had'
  }
}
