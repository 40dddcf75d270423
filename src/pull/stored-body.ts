import { setImmediate as turn } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { CairnError } from '../base/errors.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import type { Body } from './api.ts'
import { bounds } from './bounds.ts'
import type { BufferPool } from './buffers.ts'

/** A file of the store to hand out. */
export interface StoredFile {
  readonly cid: CID
  readonly bytes: number
}

/** Who wants to know how a body is read. */
export interface BodyWatcher {
  /** Its reading begins; what is returned is called when it has ended. */
  readonly begun?: () => () => void
  /** A piece goes out. */
  readonly passed?: (bytes: number) => void
  /** It cannot be read. */
  readonly failed?: (cause: unknown) => void
}

interface Reading {
  readonly reader: UnixfsReader
  readonly file: StoredFile
  readonly buffers: BufferPool
  readonly range: { readonly start: number; readonly end: number }
  readonly watcher: BodyWatcher
}

/**
 * The bytes of a stored file from `start` to `end`, in pieces that share one buffer: each is valid
 * until the next is asked for. Throws `missing` or `corrupt`, also when it ends too early.
 */
export function storedBody(
  reader: UnixfsReader,
  file: StoredFile,
  buffers: BufferPool,
  range: { start: number; end: number } = { start: 0, end: file.bytes },
  watcher: BodyWatcher = {}
): Body {
  const reading = { reader, file, buffers, range, watcher }
  return range.end - range.start <= bounds.pieceBytes ? readShort(reading) : readLong(reading)
}

/** As `storedBody`, whatever its length. */
export async function* readStored(
  reader: UnixfsReader,
  file: StoredFile,
  buffers: BufferPool,
  range?: { start: number; end: number }
): AsyncGenerator<Uint8Array> {
  yield* storedBody(reader, file, buffers, range)
}

/** No promise is made for most bodies. */
function* readShort(reading: Reading): Generator<Uint8Array> {
  const { buffers, range, watcher } = reading
  const buffer = buffers.take(range.end - range.start)
  const ended = watcher.begun?.()
  try {
    for (let position = range.start; position < range.end; ) {
      const piece = readPiece(reading, buffer, position)
      yield piece
      position += piece.length
    }
  } finally {
    buffers.give(buffer)
    ended?.()
  }
}

/** Others have their turn between the pieces. */
async function* readLong(reading: Reading): AsyncGenerator<Uint8Array> {
  for (const piece of readShort(reading)) {
    yield piece
    await turn()
  }
}

function readPiece(
  { reader, file, range, watcher }: Reading,
  buffer: Buffer,
  position: number
): Uint8Array {
  try {
    const { code, multihash } = file.cid
    const piece = buffer.subarray(0, Math.min(buffer.length, range.end - position))
    const read = reader.readFile(code, multihash.bytes, piece, position)
    if (read === 0) {
      const message = `${file.cid} ends at byte ${position} of ${file.bytes}: run cairn fsck`
      throw new CairnError('corrupt', message)
    }
    watcher.passed?.(read)
    return read === piece.length ? piece : piece.subarray(0, read)
  } catch (cause) {
    watcher.failed?.(cause)
    throw cause
  }
}
