import { type Manifest, readManifest } from '../../../adapters/oci/manifest.ts'
import { algorithmOf, type Digest, digestOf } from '../../base/digest.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Reference } from '../../pull/registry/api.ts'
import { bodyOf, type Call, gather, sendEmpty } from './call.ts'
import { findHeldBlob } from './held-blob.ts'
import { hideTag, showTag } from './tag-view.ts'

/**
 * PUT of a manifest: its bytes are kept as they are, whatever their media type. Throws `invalid`
 * for what is no manifest, `missing` if a blob of it is not here, `mismatch`,
 * `file-too-large`. https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-manifests
 */
export async function putManifest(call: Call, name: string, reference: Reference): Promise<void> {
  const { repositories } = call.options
  const bytes = await gather(bodyOf(call), limits.manifestBytes)
  const digest = checkedDigest(bytes, reference)
  const sentAs = call.request.headers['content-type']?.split(';')[0]?.trim()
  const manifest = readManifest(bytes, sentAs === '' ? undefined : sentAs)
  for (const blob of blobsOf(manifest)) {
    if (repositories.blob(name, blob) !== undefined) continue
    const held = findHeldBlob(call.options, blob)
    if (held !== undefined) {
      repositories.addBlob(name, blob, held)
      continue
    }
    throw new CairnError('missing', `${name} has no blob ${blob}: push it before its manifest`)
  }
  const { mediaType, artifactType, annotations } = manifest
  const subject = manifest.subject?.digest
  const facts = { digest, mediaType, subject, artifactType, annotations }
  const tag = 'tag' in reference ? reference.tag : undefined
  repositories.addManifest(name, bytes, facts, tag)
  const content = repositories.manifest(name, { digest })
  if (tag !== undefined && content !== undefined) {
    showTag(call.options.catalog, `${name}/${tag}`, content, manifest)
  }
  sendEmpty(call, 201, {
    location: `/v2/${name}/manifests/${digest}`,
    'docker-content-digest': digest,
    ...(subject === undefined ? {} : { 'oci-subject': subject })
  })
}

function checkedDigest(bytes: Uint8Array, reference: Reference): Digest {
  if ('tag' in reference) return digestOf('sha256', bytes)
  const { digest } = reference
  const actual = digestOf(algorithmOf(digest), bytes)
  if (actual === digest) return digest
  throw new CairnError('mismatch', `the manifest that came is ${actual}, not ${digest}`)
}

/** What must be here: not the parts of an index, of which one may push a few, nor layers that lie elsewhere. */
function blobsOf({ config, layers }: Manifest): Digest[] {
  const all = config === undefined ? layers : [config, ...layers]
  return all.filter(({ urls }) => urls === undefined).map(({ digest }) => digest)
}

/** DELETE of a manifest or a tag. Throws `not-found`. */
export function deleteManifest(call: Call, name: string, reference: Reference): void {
  const { repositories, catalog } = call.options
  const tags = 'tag' in reference ? [reference.tag] : repositories.tagsOf(name, reference.digest)
  if (!repositories.removeManifest(name, reference)) {
    const shown = 'tag' in reference ? reference.tag : reference.digest
    throw new CairnError('not-found', `${name} has no manifest ${shown}`)
  }
  for (const tag of tags) hideTag(catalog, `${name}/${tag}`)
  sendEmpty(call, 202, {})
}
