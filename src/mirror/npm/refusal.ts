import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CairnError } from '../../base/errors.ts'
import { httpStatus } from '../../base/http.ts'

/** Tells an error as clients show it: https://github.com/npm/npm-registry-fetch reads `error`. */
export function sendRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  { code, message }: Pick<CairnError, 'code' | 'message'>,
  status: number = statusOf(code, request.method)
): void {
  const body = `${JSON.stringify({ error: message })}\n`
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store'
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Bytes of a client that are not what it says are the client's fault. */
function statusOf(code: CairnError['code'], method = 'GET'): number {
  return code === 'mismatch' && method === 'PUT' ? 400 : httpStatus[code]
}
