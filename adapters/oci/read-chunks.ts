import { algorithmOf, type Digest, digestOf } from '../../src/base/digest.ts'
import { CairnError } from '../../src/base/errors.ts'

/** Bytes of a layer from `start` to `end`, exclusive, and neither less nor more; what does not come throws. */
export type ReadRange = (start: number, end: number) => AsyncIterable<Uint8Array>

/** Decodes members or frames one after the other. */
export type Decode = (packed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

/** A part of a file, and where in its layer it lies packed. */
export interface Chunk {
  readonly offset: number
  /** Exclusive; what lies there after the chunk does not count. */
  readonly end: number
  /** Plain bytes of others that lie packed before it. */
  readonly skip: number
  /** Plain. */
  readonly bytes: number
  readonly digest: Digest
}

/**
 * The plain bytes of chunks that lie one after the other, by one request; none is given out before it had its
 * digest. Throws `mismatch`, `corrupt`, and what `read` throws.
 */
export async function* readChunks(
  chunks: readonly Chunk[],
  read: ReadRange,
  decode: Decode
): AsyncGenerator<Uint8Array> {
  const [first, last] = [chunks[0], chunks.at(-1)]
  if (first === undefined || last === undefined) return
  const pieces = read(first.offset, last.end)[Symbol.asyncIterator]()
  let packed: Taken & { offset: number } = { offset: -1, bytes: none, rest: none }
  try {
    for (const chunk of chunks) {
      if (chunk.offset !== packed.offset) {
        const taken = await take(pieces, packed.rest, chunk.end - chunk.offset)
        packed = { offset: chunk.offset, ...taken }
      }
      yield await unpackChunk(chunk, packed.bytes, decode)
    }
  } finally {
    await pieces.return?.()
  }
}

interface Taken {
  readonly bytes: Buffer
  /** What came after them. */
  readonly rest: Buffer
}

const none = Buffer.alloc(0)

async function take(
  pieces: AsyncIterator<Uint8Array>,
  left: Buffer,
  bytes: number
): Promise<Taken> {
  const parts = [left]
  let length = left.length
  while (length < bytes) {
    const { value, done } = await pieces.next()
    if (done === true) throw new CairnError('corrupt', 'a part of a layer ends too early')
    parts.push(Buffer.from(value))
    length += value.length
  }
  const all = Buffer.concat(parts)
  return { bytes: all.subarray(0, bytes), rest: all.subarray(bytes) }
}

async function unpackChunk(
  { skip, bytes, digest }: Chunk,
  packed: Buffer,
  decode: Decode
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of decode(onePiece(packed))) {
    parts.push(part)
    length += part.length
    if (length >= skip + bytes) break
  }
  const plain = Buffer.concat(parts).subarray(skip, skip + bytes)
  if (plain.length === bytes && digestOf(algorithmOf(digest), plain) === digest) return plain
  throw new CairnError('mismatch', `a part of a layer is not ${digest}, as its index says`)
}

async function* onePiece(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}
