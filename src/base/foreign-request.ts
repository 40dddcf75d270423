import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a web page of another site may have made a browser send this request, and how that shows:
 * `host`, it names no address of this machine by which it is asked without a password (DNS
 * rebinding); `page`, it carries a cross-site mark or another origin. https://www.w3.org/TR/fetch-metadata/
 */
export function foreignMark(headers: IncomingHttpHeaders): 'host' | 'page' | undefined {
  const { host = '' } = headers
  if (!/^(127(\.\d{1,3}){3}|\[::1\]|localhost)(:\d{1,5})?$/i.test(host)) return 'host'
  return isForeignPage(headers) ? 'page' : undefined
}

/** The mark alone, where a password keeps other names for this machine out. */
export function isForeignPage(headers: IncomingHttpHeaders): boolean {
  const { host = '', origin, 'sec-fetch-site': site } = headers
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`
}
