import { type OciTarget, parseTarget } from '../../../adapters/oci/target.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import type { HttpDoor } from '../../base/http.ts'
import { BufferPool } from '../../pull/buffers.ts'
import { type Call, type OciDoorOptions, sendJson } from './call.ts'
import { deleteBlob, sendHostedBlob, sendHostedManifest } from './hosted-content.ts'
import { listReferrers, listRepositories, listTags } from './listings.ts'
import { type Place, placeOf } from './place.ts'
import {
  listProxiedReferrers,
  listProxiedTags,
  sendProxiedBlob,
  sendProxiedManifest
} from './proxied-content.ts'
import { addToUpload, beginUpload, cancelUpload, finishUpload, showUpload } from './push-blob.ts'
import { deleteManifest, putManifest } from './push-manifest.ts'
import { refusalOf, sendRefusal } from './refusal.ts'

/**
 * `/v2/`: a registry to push to, and a mirror of any number of others.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 */
export function openOciDoor(options: OciDoorOptions): HttpDoor {
  const buffers = new BufferPool()
  return {
    name: 'oci',
    accepts: ({ url = '' }) => /^\/v2(\/|\?|$)/.test(url),
    needs: ({ method = 'GET' }) => (isReading(method) ? 'read' : 'publish'),
    serve: async (request, response, signal) => {
      for (const [name, value] of Object.entries(always)) response.setHeader(name, value)
      const [path = '', query = ''] = (request.url ?? '').split('?', 2)
      try {
        const context = { options, buffers, request, response, signal }
        await serve(context, path, new URLSearchParams(query))
      } catch (cause) {
        const error = toCairnError(cause)
        if (response.headersSent || error.code === 'aborted') throw error
        const refusal = refusalOf(error, path, request.method ?? 'GET')
        if (refusal.status >= 500) {
          const facts = { path: path.slice(0, 200), code: error.code, err: error }
          options.log.warn(facts, 'a request to the registry failed')
        }
        sendRefusal(request, response, refusal)
      }
    }
  }
}

/** A manifest may call itself a web page, which would be one of this port's: it may do nothing then. */
const always = {
  'docker-distribution-api-version': 'registry/2.0',
  'x-content-type-options': 'nosniff',
  'content-security-policy': 'sandbox'
}

async function serve(
  context: Omit<Call, 'query' | 'asked'>,
  path: string,
  query: URLSearchParams
): Promise<void> {
  const { options, request, response } = context
  const target = parseTarget(decode(path.slice('/v2/'.length)))
  if (target === undefined) throw new CairnError('not-found', 'there is no such endpoint')
  const method = request.method ?? 'GET'
  if (!methods[target.kind].includes(method)) {
    const message = `${method} is not for ${target.kind}`
    const allow = methods[target.kind].join(', ')
    return sendRefusal(request, response, { status: 405, code: 'UNSUPPORTED', message }, { allow })
  }
  const asked = 'name' in target ? target.name : ''
  const call: Call = { ...context, query, asked }
  if (target.kind === 'base') return sendJson(call, {})
  if (target.kind === 'catalog') return listRepositories(call)
  const namespace = query.get('ns') ?? undefined
  const place = placeOf(asked, namespace, {
    upstreams: options.upstreams(),
    isHosted: name => options.repositories.has(name),
    otherwise: isReading(method) ? options.otherwise() : undefined
  })
  if (namespace !== undefined) response.setHeader('oci-namespace', namespace)
  if (place.kind === 'hosted') return await serveHosted(call, target, place.name, method)
  if (isReading(method)) return await serveProxied(call, target, place)
  const message = `${place.upstream.name} is only mirrored here: push to another name, or there`
  sendRefusal(
    request,
    response,
    { status: 405, code: 'UNSUPPORTED', message },
    { allow: 'GET, HEAD' }
  )
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

const methods: Readonly<Record<OciTarget['kind'], readonly string[]>> = {
  base: ['GET', 'HEAD'],
  catalog: ['GET', 'HEAD'],
  tags: ['GET', 'HEAD'],
  referrers: ['GET', 'HEAD'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  blob: ['GET', 'HEAD', 'DELETE'],
  uploads: ['POST'],
  upload: ['GET', 'PATCH', 'PUT', 'DELETE']
} satisfies Record<OciTarget['kind'], readonly Method[]>

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

async function serveHosted(
  call: Call,
  target: OciTarget,
  name: string,
  method: string
): Promise<void> {
  if (target.kind === 'tags') return listTags(call, name)
  if (target.kind === 'referrers') return listReferrers(call, name, target.digest)
  if (target.kind === 'uploads') return await beginUpload(call, name)
  if (target.kind === 'upload') return await serveUpload(call, name, target.id, method)
  if (target.kind === 'manifest') {
    if (method === 'PUT') return await putManifest(call, name, target)
    if (method === 'DELETE') return deleteManifest(call, name, target)
    return await sendHostedManifest(call, name, target)
  }
  if (target.kind !== 'blob') return
  if (method === 'DELETE') return deleteBlob(call, name, target.digest)
  await sendHostedBlob(call, name, target.digest)
}

async function serveUpload(call: Call, name: string, id: string, method: string): Promise<void> {
  if (method === 'PATCH') return await addToUpload(call, name, id)
  if (method === 'PUT') return await finishUpload(call, name, id)
  if (method === 'DELETE') return await cancelUpload(call, name, id)
  await showUpload(call, name, id)
}

async function serveProxied(
  call: Call,
  target: OciTarget,
  place: Extract<Place, { kind: 'proxied' }>
): Promise<void> {
  if (target.kind === 'manifest') return await sendProxiedManifest(call, place, target)
  if (target.kind === 'blob') return await sendProxiedBlob(call, place, target.digest)
  if (target.kind === 'tags') return await listProxiedTags(call, place)
  if (target.kind === 'referrers') return await listProxiedReferrers(call, place, target.digest)
  throw new CairnError('not-found', `${place.upstream.name} is only mirrored: it takes no uploads`)
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch (cause) {
    throw new CairnError('usage', 'the path is not percent-encoded UTF-8', { cause })
  }
}
