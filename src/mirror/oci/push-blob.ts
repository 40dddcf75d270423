import { parseDigest } from '../../../adapters/oci/reference.ts'
import type { Digest } from '../../base/digest.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import type { HostedContent, UploadPiece } from '../../pull/registry/api.ts'
import { bodyOf, type Call, sendEmpty } from './call.ts'
import { isWhole } from './held-blob.ts'
import { placeOf } from './place.ts'
import { refusalOf, sendRefusal } from './refusal.ts'

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-blobs */
export async function beginUpload(call: Call, name: string): Promise<void> {
  const { repositories, uploads } = call.options
  const mount = call.query.get('mount')
  const digest = mount === null ? undefined : readDigest(mount)
  if (digest !== undefined) {
    const blob = mountable(call, digest)
    if (blob !== undefined) {
      repositories.addBlob(name, digest, blob)
      return sendCreated(call, name, digest)
    }
  }
  const whole = call.query.get('digest')
  const wanted = whole === null ? undefined : parseDigest(whole)
  const id = uploads.begin(name)
  if (wanted === undefined) return sendProgress(call, 202, id, 0)
  try {
    await uploads.finish(name, id, { body: bodyOf(call), range: undefined }, wanted)
  } catch (cause) {
    // Nobody was told its id: nobody can go on with it.
    await uploads.cancel(name, id).catch(() => {})
    throw cause
  }
  sendCreated(call, name, wanted)
}

/** Undefined for what is none: what cannot be mounted is to be uploaded. */
function readDigest(text: string): Digest | undefined {
  try {
    return parseDigest(text)
  } catch (cause) {
    if (toCairnError(cause).code === 'invalid') return undefined
    throw cause
  }
}

/** Of the repository named, here or at an upstream, if it has the blob and it is held; of any where none is named. */
function mountable(
  { options, query }: Call,
  digest: Digest
): Pick<HostedContent, 'cid' | 'bytes'> | undefined {
  const { repositories, catalog, reader } = options
  const from = query.get('from')
  if (from === null) return repositories.anyBlob(digest)
  const isHosted = repositories.has
  const place = placeOf(from, undefined, {
    upstreams: options.upstreams(),
    isHosted: name => isHosted.call(repositories, name),
    otherwise: options.otherwise()
  })
  if (place.kind === 'hosted') return repositories.blob(from, digest)
  const held = catalog.get(`oci/${place.upstream.name}/${place.name}/blobs/${digest}`)
  return held !== undefined && isWhole(reader, held.cid) ? held : undefined
}

export async function showUpload(call: Call, name: string, id: string): Promise<void> {
  sendProgress(call, 204, id, await call.options.uploads.arrived(name, id))
}

export async function addToUpload(call: Call, name: string, id: string): Promise<void> {
  await tellingProgress(call, name, id, async () => {
    const arrived = await call.options.uploads.append(name, id, pieceOf(call))
    sendProgress(call, 202, id, arrived)
  })
}

export async function finishUpload(call: Call, name: string, id: string): Promise<void> {
  const asked = call.query.get('digest') ?? ''
  const digest = readDigest(asked)
  if (digest === undefined) {
    const message = `digest=${asked.slice(0, 140)} is not a sha256 or sha512 digest`
    const refusal = { status: 400, code: 'DIGEST_INVALID', message } as const
    return sendRefusal(call.request, call.response, refusal)
  }
  await tellingProgress(call, name, id, async () => {
    await call.options.uploads.finish(name, id, pieceOf(call), digest)
    sendCreated(call, name, digest)
  })
}

export async function cancelUpload(call: Call, name: string, id: string): Promise<void> {
  await call.options.uploads.cancel(name, id)
  sendEmpty(call, 204, {})
}

/** A piece out of order is answered by where to go on. */
async function tellingProgress(
  call: Call,
  name: string,
  id: string,
  work: () => Promise<void>
): Promise<void> {
  try {
    await work()
  } catch (cause) {
    const error = toCairnError(cause)
    if (error.code !== 'out-of-range') throw error
    const { url = '', method = '' } = call.request
    const arrived = await call.options.uploads.arrived(name, id)
    const refusal = refusalOf(error, url, method)
    sendRefusal(call.request, call.response, refusal, progressOf(call, id, arrived))
  }
}

/** `Content-Range` is `<first>-<last>` here, without the unit that HTTP has. */
function pieceOf(call: Call): UploadPiece {
  const { request } = call
  const header = request.headers['content-range']
  if (header === undefined) return { body: bodyOf(call), range: undefined }
  const [, first, last] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/.*)?$/.exec(header) ?? []
  const start = Number(first)
  const end = Number(last) + 1
  if (first === undefined || end <= start) {
    const shown = JSON.stringify(header.slice(0, 80))
    throw new CairnError('out-of-range', `Content-Range ${shown} is not FIRST-LAST`)
  }
  const length = request.headers['content-length']
  if (length !== undefined && Number(length) !== end - start) {
    throw new CairnError('invalid', `Content-Range and Content-Length ${length} do not agree`)
  }
  return { body: bodyOf(call), range: { start, end } }
}

function sendCreated(call: Call, name: string, digest: Digest): void {
  const location = `/v2/${name}/blobs/${digest}`
  sendEmpty(call, 201, { location, 'docker-content-digest': digest })
}

function sendProgress(call: Call, status: number, id: string, bytes: number): void {
  sendEmpty(call, status, progressOf(call, id, bytes))
}

/** Nothing yet is told as `0-0`, as clients know it of other registries. */
function progressOf({ asked }: Call, id: string, bytes: number): Record<string, string> {
  return {
    location: `/v2/${asked}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, bytes - 1)}`,
    'docker-upload-uuid': id
  }
}
