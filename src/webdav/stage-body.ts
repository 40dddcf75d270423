import type { Attributes } from '../vfs/api.ts'
import type { Exchange } from './api.ts'
import { bodyOf } from './body.ts'
import { Checksums } from './checksums.ts'
import { refuse } from './refuse.ts'

/** A body that is all here, in a file without a name, which the request holds. */
export interface StagedBody {
  readonly attributes: Attributes
  readonly bytes: number
}

/**
 * Receives a request's body. Aborted, or not what its headers promise (a refusal with status 400),
 * nothing remains of it. `bytes`: how long the body of a part must be.
 */
export async function stageBody(exchange: Exchange, bytes?: number): Promise<StagedBody> {
  const { dav, hold, request } = exchange
  const { mfs } = dav.trees
  checkUncoded(exchange)
  const checksums = new Checksums(request.headers, bytes === undefined ? 'whole' : 'part')
  const attributes = hold.keep(mfs, mfs.stageFile(0o644, dav.owner))
  let position = 0
  try {
    for await (const chunk of bodyOf(exchange)) {
      checksums.update(chunk)
      position += mfs.write(attributes.ino, chunk, position)
      letGo(chunk)
      if (bytes !== undefined && position > bytes) break
    }
  } finally {
    mfs.releaseWriting(attributes.ino)
  }
  if (bytes !== undefined && position !== bytes) {
    throw refuse(400, `the body is not of the ${bytes} bytes that its range has`)
  }
  checksums.check()
  return { attributes, bytes: position }
}

/** Kept as it came, a coded body would be read as the file by all who know nothing of its coding. */
function checkUncoded({ request }: Exchange): void {
  const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (coding === 'identity' || coding === '') return
  throw refuse(415, 'send the file as it is, without Content-Encoding')
}

/** Frees a piece's memory now: a GiB leaves tens of MB of pieces to the next collection. A part of a larger buffer stays. */
function letGo({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}
