import { setImmediate as turn } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { CairnError } from '../base/errors.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import type { BufferPool } from './buffers.ts'

/** A file of the store to hand out. */
export interface StoredFile {
  readonly cid: CID
  readonly bytes: number
}

/**
 * The bytes of a stored file from `start` to `end`, in pieces that share one buffer: each is valid
 * until the next is asked for. Throws `missing` or `corrupt`, also when it ends too early.
 */
export async function* readStored(
  reader: UnixfsReader,
  file: StoredFile,
  buffers: BufferPool,
  range: { start: number; end: number } = { start: 0, end: file.bytes }
): AsyncGenerator<Uint8Array> {
  const { code, multihash } = file.cid
  const buffer = buffers.take(range.end - range.start)
  try {
    for (let position = range.start; position < range.end; ) {
      if (position > range.start) await turn()
      const piece = buffer.subarray(0, Math.min(buffer.length, range.end - position))
      const read = reader.readFile(code, multihash.bytes, piece, position)
      if (read === 0) {
        throw new CairnError(
          'corrupt',
          `${file.cid} ends at byte ${position} of ${file.bytes}: run cairn fsck`
        )
      }
      yield piece.subarray(0, read)
      position += read
    }
  } finally {
    buffers.give(buffer)
  }
}
