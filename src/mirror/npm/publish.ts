import {
  withDocument,
  withoutTag,
  withoutVersions,
  withPublication,
  withTag
} from '../../../adapters/npm/edit-packument.ts'
import { isObject } from '../../../adapters/npm/packument.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { bodyOf, type Call, jsonOf, sendJson } from './call.ts'
import { changeHosted, revisionOf, unpublished } from './hosted-package.ts'
import { findPlace } from './read-package.ts'

/** PUT of a package: a version is published, or versions are deprecated and owners changed. */
export async function putPackage(call: Call, name: string): Promise<void> {
  requireHosted(call, name)
  const body = await bodyOf(call, limits.publishBytes)
  const { options } = call
  const publication = await options.documents.publication(name, unshared(body))
  const { document, tarballs } = publication
  if (tarballs.length > 0) {
    await changeHosted(call, name, (current, editor) =>
      withPublication(current, publication, editor)
    )
    return sendJson(call, { ok: true, id: name }, 201)
  }
  if (!options.packages.isPublished(name)) throw unpublished(call, name)
  const revision = typeof document._rev === 'string' ? revisionOf(document._rev) : undefined
  await changeHosted(
    call,
    name,
    (current, editor) => withDocument(current, document, editor, false),
    revision
  )
  sendJson(call, { ok: true, id: name }, 201)
}

/** PUT of a packument that was read at a revision: versions that it leaves out are unpublished. */
export async function replacePackage(call: Call, name: string, revision: string): Promise<void> {
  requireHosted(call, name)
  const proposed = await jsonOf(call, limits.publishBytes)
  if (!isObject(proposed)) throw new CairnError('invalid', 'a packument is a JSON object')
  await changeHosted(
    call,
    name,
    (current, editor) => withDocument(current, proposed, editor, true),
    revisionOf(revision)
  )
  sendJson(call, { ok: true, id: name })
}

/** DELETE of a package: all its versions are unpublished; the name stays this registry's. */
export async function deletePackage(call: Call, name: string, revision: string): Promise<void> {
  requireHosted(call, name)
  if (!call.options.packages.isPublished(name)) throw unpublished(call, name)
  await changeHosted(call, name, withoutVersions, revisionOf(revision))
  sendJson(call, { ok: true, id: name })
}

/** DELETE of a tarball: it went with its version. Throws `conflict` while there is that version. */
export function deleteTarball(call: Call, name: string, file: string): void {
  requireHosted(call, name)
  if (call.options.packages.tarball(name, file) !== undefined) {
    throw new CairnError('conflict', `${file} is of a version of ${name}: unpublish that`)
  }
  sendJson(call, { ok: true })
}

/** PUT and POST of a tag; the body is the version. */
export async function putTag(call: Call, name: string, tag: string): Promise<void> {
  requireHosted(call, name)
  const version = await jsonOf(call, limits.smallBodyBytes)
  await changeHosted(call, name, (current, editor) => withTag(current, tag, version, editor))
  sendJson(call, { ok: true }, 201)
}

/** DELETE of a tag. */
export async function deleteTag(call: Call, name: string, tag: string): Promise<void> {
  requireHosted(call, name)
  await changeHosted(call, name, (current, editor) => withoutTag(current, tag, editor))
  sendJson(call, { ok: true })
}

/** Throws `read-only` for a name that an upstream has: what was meant for there must not land here unseen. */
export function requireHosted(call: Call, name: string): void {
  const place = findPlace(call, name)
  if (call.view.prefix === '' && place.kind === 'hosted') return
  const here =
    place.kind === 'hosted' ? 'this is a view of the registry' : `${name} is only mirrored here`
  const advice =
    'publish, tag and deprecate there, with --registry, or add the name to npm: hosted in config.yaml'
  throw new CairnError('read-only', `${here}: ${advice}`)
}

/** GET of who may see or change a hosted package, and the POST that may only ask for what is so. */
export async function answerAccess(
  call: Call,
  name: string,
  kind: 'access' | 'visibility' | 'collaborators'
): Promise<void> {
  const { options, request, access } = call
  if (findPlace(call, name).kind !== 'hosted' || !options.packages.isPublished(name)) {
    throw new CairnError('not-found', `${name} is not published here`)
  }
  if (kind === 'visibility') return sendJson(call, { public: true })
  if (kind === 'collaborators') return sendJson(call, { [access.user ?? 'local']: 'write' })
  if (request.method !== 'POST') return sendJson(call, { access: 'public' })
  const wanted = await jsonOf(call, limits.smallBodyBytes)
  // `npm access set mfa=none` asks for what is so, and each of the others for what is not.
  const isSo = isObject(wanted) && (wanted.access ?? 'public') === 'public'
  if (!isSo || (wanted.publish_requires_tfa ?? false) !== false) {
    throw new CairnError(
      'unsupported',
      'all who may read here read every package, and nobody signs in by two factors: use users with scopes'
    )
  }
  sendJson(call, { access: 'public' })
}

/** Of a body in memory that others share nothing can be handed to a thread. */
function unshared(body: Buffer): Uint8Array {
  return body.length === body.buffer.byteLength ? body : new Uint8Array(body)
}
