import type { IncomingHttpHeaders } from 'node:http'
import { foreignMark } from '../base/foreign-request.ts'
import { refuse } from './refuse.ts'

/** Refuses what a web page of another site may have made a browser send. Throws 403. */
export function refuseForeign(headers: IncomingHttpHeaders): void {
  const mark = foreignMark(headers)
  if (mark === 'host') {
    throw refuse(403, 'the Host is not this machine: use 127.0.0.1, [::1] or localhost')
  }
  if (mark === 'page') throw refuse(403, 'pages of other sites may not use this drive')
}
