import type { IncomingHttpHeaders } from 'node:http'
import { refuse } from './refuse.ts'

/**
 * Refuses what a web page of another site may have made a browser send: a host that is no address
 * of this machine by which it is asked without a password (DNS rebinding), or a cross-site mark.
 * https://www.w3.org/TR/fetch-metadata/
 */
export function refuseForeign(headers: IncomingHttpHeaders): void {
  if (!/^(127(\.\d{1,3}){3}|\[::1\]|localhost)(:\d{1,5})?$/i.test(headers.host ?? '')) {
    throw refuse(403, 'the Host is not this machine: use 127.0.0.1, [::1] or localhost')
  }
  const site = headers['sec-fetch-site']
  const foreign = site !== undefined && site !== 'same-origin' && site !== 'none'
  if (foreign || (headers.origin !== undefined && !isOwn(headers))) {
    throw refuse(403, 'pages of other sites may not use this drive')
  }
}

function isOwn({ origin, host }: IncomingHttpHeaders): boolean {
  return origin === `http://${host}` || origin === `https://${host}`
}
