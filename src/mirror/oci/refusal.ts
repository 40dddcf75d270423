import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OciTarget } from '../../../adapters/oci/target.ts'
import type { CairnError, ErrorCode } from '../../base/errors.ts'
import { httpStatus } from '../../base/http.ts'

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes */
export type RefusalCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'UNKNOWN'

export interface Refusal {
  readonly status: number
  readonly code: RefusalCode
  readonly message: string
}

type Kind = OciTarget['kind']

/** What an error is, whatever was asked for; `not-found` and `invalid` depend on that. */
const codes: Readonly<Record<ErrorCode, RefusalCode>> = {
  'not-found': 'NAME_UNKNOWN',
  exists: 'UNKNOWN',
  'not-directory': 'UNKNOWN',
  'is-directory': 'UNKNOWN',
  'not-empty': 'UNKNOWN',
  'name-too-long': 'NAME_INVALID',
  invalid: 'UNSUPPORTED',
  'read-only': 'DENIED',
  denied: 'DENIED',
  'not-permitted': 'DENIED',
  'no-space': 'UNKNOWN',
  'file-too-large': 'SIZE_INVALID',
  'no-attribute': 'UNKNOWN',
  'out-of-range': 'BLOB_UPLOAD_INVALID',
  loop: 'UNKNOWN',
  busy: 'UNKNOWN',
  conflict: 'UNKNOWN',
  unsupported: 'UNSUPPORTED',
  missing: 'MANIFEST_BLOB_UNKNOWN',
  corrupt: 'UNKNOWN',
  mismatch: 'DIGEST_INVALID',
  upstream: 'UNKNOWN',
  timeout: 'UNKNOWN',
  aborted: 'UNKNOWN',
  usage: 'NAME_INVALID',
  io: 'UNKNOWN'
}

const unknown: Readonly<Record<Kind, RefusalCode>> = {
  base: 'NAME_UNKNOWN',
  catalog: 'NAME_UNKNOWN',
  tags: 'NAME_UNKNOWN',
  uploads: 'NAME_UNKNOWN',
  referrers: 'NAME_UNKNOWN',
  manifest: 'MANIFEST_UNKNOWN',
  blob: 'BLOB_UNKNOWN',
  upload: 'BLOB_UPLOAD_UNKNOWN'
}

const invalid: Readonly<Record<Kind, RefusalCode>> = {
  base: 'UNSUPPORTED',
  catalog: 'UNSUPPORTED',
  tags: 'UNSUPPORTED',
  uploads: 'DIGEST_INVALID',
  referrers: 'DIGEST_INVALID',
  manifest: 'MANIFEST_INVALID',
  blob: 'DIGEST_INVALID',
  upload: 'SIZE_INVALID'
}

/** How an error is told to a client that asked for a path by a method. */
export function refusalOf(error: CairnError, path: string, method: string): Refusal {
  const kind = kindOf(path)
  const reading = method === 'GET' || method === 'HEAD'
  const { message } = error
  if (error.code === 'not-found') return { status: 404, code: unknown[kind], message }
  if (error.code === 'invalid') {
    if (kind !== 'manifest') return { status: 400, code: invalid[kind], message }
    if (path.slice(path.lastIndexOf('/')).includes(':')) {
      return { status: 400, code: 'DIGEST_INVALID', message }
    }
    // Nothing can be there under a name that no tag has.
    if (reading) return { status: 404, code: 'MANIFEST_UNKNOWN', message }
    return { status: 400, code: 'MANIFEST_INVALID', message }
  }
  const wrongBytes = error.code === 'mismatch' && !reading
  const status = wrongBytes || error.code === 'missing' ? 400 : httpStatus[error.code]
  const code = error.code === 'mismatch' && reading ? 'UNKNOWN' : codes[error.code]
  return { status, code, message }
}

/** By its words alone: the path may be one that could not be parsed. */
function kindOf(path: string): Kind {
  if (/\/blobs\/uploads\/[^/]/.test(path)) return 'upload'
  if (/\/blobs\/uploads\/?$/.test(path)) return 'uploads'
  const [, word] = /\/(manifests|blobs|referrers|tags)\/[^/]*$/.exec(path) ?? []
  if (word === 'manifests') return 'manifest'
  if (word === 'blobs') return 'blob'
  return word === 'referrers' ? 'referrers' : 'tags'
}

/** Sends an error as the specification has it; a HEAD has no body. */
export function sendRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code, message }: Refusal,
  headers: Readonly<Record<string, string>> = {}
): void {
  const body = `${JSON.stringify({ errors: [{ code, message }] })}\n`
  response.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store'
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
