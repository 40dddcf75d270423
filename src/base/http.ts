import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Access, Scope } from './access.ts'
import type { ErrorCode } from './errors.ts'

/** What a request needs of whoever sends it; `nothing`: anybody may. */
export type Need = Scope | 'nothing'

/** A door behind the one HTTP port: the daemon asks each in turn, the first that accepts serves. */
export interface HttpDoor {
  readonly name: string
  accepts: (request: IncomingMessage) => boolean
  /** Asked before `serve`, on every port; `read` if there is none. */
  needs?: (request: IncomingMessage) => Need
  /** True if it answers `Expect: 100-continue` itself; else the client is told to go on before `serve`. */
  readonly continues?: boolean
  /** Writes the whole answer, errors included; a throw is answered by `httpStatus` if nothing was sent, else the connection is destroyed. */
  serve: (
    request: IncomingMessage,
    response: ServerResponse,
    signal: AbortSignal,
    access: Access
  ) => Promise<void>
}

/** Whether a client waits for leave to send its body: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1 */
export function expectsContinue({ headers }: IncomingMessage): boolean {
  return headers.expect?.toLowerCase() === '100-continue'
}

/** What each error is over HTTP: https://www.rfc-editor.org/rfc/rfc9110#section-15 */
export const httpStatus: Readonly<Record<ErrorCode, number>> = {
  'not-found': 404,
  exists: 409,
  'not-directory': 409,
  'is-directory': 409,
  'not-empty': 409,
  'name-too-long': 400,
  invalid: 400,
  'read-only': 403,
  denied: 403,
  'not-permitted': 403,
  'no-space': 507,
  'file-too-large': 413,
  'no-attribute': 404,
  'out-of-range': 416,
  loop: 508,
  busy: 503,
  conflict: 409,
  unsupported: 501,
  missing: 504,
  corrupt: 500,
  mismatch: 502,
  upstream: 502,
  timeout: 504,
  aborted: 503,
  usage: 400,
  io: 500
}
