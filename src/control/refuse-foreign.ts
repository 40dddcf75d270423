import type { IncomingHttpHeaders } from 'node:http'
import { CairnError } from '../base/errors.ts'
import { foreignMark } from '../base/foreign-request.ts'

/** Refuses what a web page may have made a browser send, one of this machine too. Throws `denied`. */
export function refuseForeign(headers: IncomingHttpHeaders): void {
  const mark = foreignMark(headers)
  if (mark === 'host') {
    throw new CairnError(
      'denied',
      'the Host is not this machine: use 127.0.0.1, [::1] or localhost'
    )
  }
  if (mark === 'page' || headers.origin !== undefined) {
    throw new CairnError('denied', 'web pages may not call the control API')
  }
}
