import type { IncomingHttpHeaders } from 'node:http'

/** Whether a client takes gzip: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3 */
export function takesGzip(headers: IncomingHttpHeaders): boolean {
  const accepted = String(headers['accept-encoding'] ?? '').toLowerCase()
  return accepted.split(',').some(entry => {
    const [coding, ...parameters] = entry.split(';').map(part => part.trim())
    const refused = parameters.some(parameter => /^q=0(\.0*)?$/.test(parameter))
    return (coding === 'gzip' || coding === '*') && !refused
  })
}
