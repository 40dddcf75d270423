import type { OutgoingHttpHeaders } from 'node:http'

/** What may be asked of every resource, and what of those in `/dav/mfs` besides. */
export const readingMethods = ['OPTIONS', 'GET', 'HEAD', 'PROPFIND', 'REPORT'] as const
const writingMethods = [
  'PUT',
  'PATCH',
  'DELETE',
  'MKCOL',
  'COPY',
  'MOVE',
  'PROPPATCH',
  'LOCK',
  'UNLOCK'
] as const
export const allMethods: readonly string[] = [...readingMethods, ...writingMethods]

export const partialUpdateType = 'application/x-sabredav-partialupdate'

const taken: Readonly<Record<string, OutgoingHttpHeaders>> = {
  MKCOL: { accept: 'application/xml, text/xml' },
  PATCH: { 'accept-patch': partialUpdateType },
  PUT: { 'accept-encoding': 'identity' }
}

/**
 * What a refusal says of what would be taken: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6
 * (405 must), https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16, https://www.rfc-editor.org/rfc/rfc5789#section-2.2
 */
export function hintsOf(status: number, method: string): OutgoingHttpHeaders {
  if (status === 405) return { allow: allMethods.filter(each => each !== method).join(', ') }
  return status === 415 ? (taken[method] ?? {}) : {}
}
