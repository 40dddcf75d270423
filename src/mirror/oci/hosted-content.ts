import type { Digest } from '../../base/digest.ts'
import { CairnError } from '../../base/errors.ts'
import type { PullAnswer } from '../../pull/api.ts'
import type { HostedContent, Reference } from '../../pull/registry/api.ts'
import { storedBody } from '../../pull/stored-body.ts'
import { respond } from '../respond.ts'
import { type Call, sendEmpty } from './call.ts'

/** GET and HEAD of a blob that was pushed here. Throws `not-found`. */
export async function sendHostedBlob(call: Call, name: string, digest: Digest): Promise<void> {
  const blob = call.options.repositories.blob(name, digest)
  if (blob === undefined) throw new CairnError('not-found', `${name} has no blob ${digest}`)
  await send(call, blob, 'application/octet-stream')
}

/** GET and HEAD of a manifest that was pushed here. Throws `not-found`. */
export async function sendHostedManifest(
  call: Call,
  name: string,
  reference: Reference
): Promise<void> {
  const manifest = call.options.repositories.manifest(name, reference)
  if (manifest === undefined) {
    const shown = 'tag' in reference ? reference.tag : reference.digest
    throw new CairnError('not-found', `${name} has no manifest ${shown}`)
  }
  await send(call, manifest, manifest.mediaType)
}

async function send(call: Call, content: HostedContent, mediaType: string): Promise<void> {
  const { options, buffers, request, response } = call
  const { digest, bytes, storedMs } = content
  const answer: PullAnswer = {
    key: digest,
    mediaType,
    bytes,
    lastModified: new Date(storedMs).toUTCString(),
    etag: `"${digest}"`,
    from: 'store',
    body: range => storedBody(options.reader, content, buffers, range)
  }
  await respond(request, response, {}, answer, { 'docker-content-digest': digest })
}

/** DELETE of a blob. Throws `not-found`. */
export function deleteBlob(call: Call, name: string, digest: Digest): void {
  if (!call.options.repositories.removeBlob(name, digest)) {
    throw new CairnError('not-found', `${name} has no blob ${digest}`)
  }
  sendEmpty(call, 202, {})
}
