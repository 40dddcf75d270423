import { pipeline, Readable } from 'node:stream'
import { createGunzip, type Gunzip } from 'node:zlib'
import { copiedPieces } from '../../src/base/copied-pieces.ts'
import { decodeZstd } from '../../src/base/decode-zstd.ts'
import { CairnError, toCairnError } from '../../src/base/errors.ts'
import { decompressXz } from './decompress-xz.ts'

type Compression = 'none' | 'gzip' | 'xz' | 'zstd'

const magics: ReadonlyArray<readonly [Compression, readonly number[]]> = [
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]]
]

/** How bytes are compressed, told by how they begin. */
export function compressionOf(start: Uint8Array): Compression {
  const found = magics.find(([, magic]) => magic.every((byte, index) => start[index] === byte))
  return found === undefined ? 'none' : found[0]
}

/** The plain bytes, whatever they were compressed with. Throws `corrupt` on damaged or cut input. */
export async function* decompress(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Streams below keep pieces while the source uses their memory again.
  const pieces = copiedPieces(source)
  let start = Buffer.alloc(0)
  while (start.length < 6) {
    const { done, value } = await pieces.next()
    if (done === true) break
    start = Buffer.concat([start, value])
  }
  try {
    yield* expand(compressionOf(start), whole(start, pieces))
  } catch (cause) {
    if (cause instanceof CairnError) throw cause
    const { message } = toCairnError(cause)
    throw new CairnError('corrupt', `cannot be decompressed: ${message}`, { cause })
  }
}

function expand(
  compression: Compression,
  bytes: AsyncIterable<Uint8Array>
): AsyncIterable<Uint8Array> {
  if (compression === 'none') return bytes
  if (compression === 'xz') return decompressXz(bytes)
  return compression === 'zstd' ? decodeZstd(bytes) : through(bytes, createGunzip())
}

/**
 * Not `compose`: it leaves the error of a cut stream to nobody, which ends the process. An error is
 * told once, by the iteration; whoever stops early takes the source along.
 */
async function* through(
  bytes: AsyncIterable<Uint8Array>,
  stream: Gunzip
): AsyncGenerator<Uint8Array> {
  pipeline(Readable.from(bytes, { objectMode: false }), stream, () => {})
  try {
    yield* stream as AsyncIterable<Uint8Array>
  } finally {
    stream.destroy()
  }
}

async function* whole(
  start: Uint8Array,
  rest: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array> {
  if (start.length > 0) yield start
  yield* rest
}
