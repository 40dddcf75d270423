import type { IncomingHttpHeaders } from 'node:http'
import { CairnError } from '../base/errors.ts'

/**
 * Refuses a request that a web page may have made a browser send: one that names another host than
 * this machine (DNS rebinding), or that carries an origin or a cross-site mark. Throws `denied`.
 * https://www.w3.org/TR/fetch-metadata/
 */
export function refuseForeign(headers: IncomingHttpHeaders): void {
  if (!isLocalHost(headers.host)) {
    throw new CairnError(
      'denied',
      'the Host is not this machine: use 127.0.0.1, [::1] or localhost'
    )
  }
  const site = headers['sec-fetch-site']
  const foreign = site !== undefined && site !== 'same-origin' && site !== 'none'
  if (headers.origin !== undefined || foreign) {
    throw new CairnError('denied', 'web pages may not call the control API')
  }
}

function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && /^(127(\.\d{1,3}){3}|\[::1\]|localhost)(:\d{1,5})?$/i.test(host)
}
