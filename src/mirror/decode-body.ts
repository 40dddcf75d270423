import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { copiedPieces } from '../base/copied-pieces.ts'

/** Whether a client takes gzip: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3 */
export function takesGzip(headers: IncomingHttpHeaders): boolean {
  const accepted = String(headers['accept-encoding'] ?? '').toLowerCase()
  return accepted.split(',').some(entry => {
    const [coding, ...parameters] = entry.split(';').map(part => part.trim())
    const refused = parameters.some(parameter => /^q=0(\.0*)?$/.test(parameter))
    return (coding === 'gzip' || coding === '*') && !refused
  })
}

/** Decodes a stored body, whose pieces are valid only until the next one is asked for. */
export async function* gunzipped(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(copiedPieces(body), { objectMode: false })
  const gunzip = createGunzip()
  source.on('error', error => gunzip.destroy(error))
  try {
    for await (const piece of source.pipe(gunzip)) yield piece as Buffer
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}
