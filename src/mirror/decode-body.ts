import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { copiedPieces } from '../base/copied-pieces.ts'
import type { Body } from '../pull/api.ts'

/** Decodes a stored body, whose pieces are valid only until the next one is asked for. */
export async function* gunzipped(body: Body): AsyncGenerator<Uint8Array> {
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
