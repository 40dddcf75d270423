import { Readable } from 'node:stream'
import { createZstdDecompress, zstdDecompressSync } from 'node:zlib'
import { CairnError } from './errors.ts'

const magic = 0xfd2fb528
/** 0x184d2a50 to 0x184d2a5f: frames that hold what is none of the data. */
const skippable = 0x184d2a50

/** A frame up to this length is decoded at once, if not more than this comes of it: a stream each would cost more. */
const shortBytes = 128 * 1024
const shortPlainBytes = 8 * 1024 * 1024

/**
 * The plain bytes of zstd frames one after the other, skippable ones among them: Node's own decoder ends
 * with the first. Throws `corrupt`, and what `source` throws. https://www.rfc-editor.org/rfc/rfc8878#section-3
 */
export async function* decodeZstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new Frames(source)
  try {
    while (await frames.begin()) yield* decodeFrame(frames.bytes())
  } finally {
    await frames.leave()
  }
}

async function* decodeFrame(frame: AsyncGenerator<Buffer>): AsyncGenerator<Uint8Array> {
  const head: Buffer[] = []
  let bytes = 0
  let ended = false
  while (!ended && bytes <= shortBytes) {
    const { value, done } = await frame.next()
    ended = done === true
    if (value instanceof Buffer) bytes += head[head.push(value) - 1]!.length
  }
  const plain = ended ? decodeShort(Buffer.concat(head)) : undefined
  if (plain !== undefined) yield plain
  else {
    const decoder = createZstdDecompress()
    const whole = Readable.from(joined(head, frame), { objectMode: false })
    whole.on('error', error => decoder.destroy(error))
    try {
      yield* whole.pipe(decoder as unknown as NodeJS.WritableStream & AsyncIterable<Uint8Array>)
    } finally {
      whole.destroy()
      decoder.destroy()
    }
  }
}

/** Undefined if too much comes of it. */
function decodeShort(frame: Buffer): Buffer | undefined {
  try {
    return zstdDecompressSync(frame, { maxOutputLength: shortPlainBytes })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw cause
  }
}

async function* joined(
  head: readonly Buffer[],
  rest: AsyncIterable<Buffer>
): AsyncGenerator<Buffer> {
  yield* head
  yield* rest
}

/** Finds where frames end, by the lengths that their headers and those of their blocks say. */
class Frames {
  readonly #pieces: AsyncIterator<Uint8Array>
  #piece: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]()
  }

  /** Goes to the next frame that holds data; false at the end. */
  async begin(): Promise<boolean> {
    for (;;) {
      const head = await this.#take(4, true)
      if (head.length === 0) return false
      const number = head.readUInt32LE(0)
      if (number === magic) return true
      if ((number & 0xfffffff0) >>> 0 !== skippable) throw damaged('its frames end in others')
      const bytes = (await this.#take(4)).readUInt32LE(0)
      for await (const _ of this.#pass(bytes));
    }
  }

  /** Of the frame that was begun: all its bytes. */
  async *bytes(): AsyncGenerator<Buffer> {
    const start = Buffer.alloc(5)
    start.writeUInt32LE(magic)
    const [descriptor = 0] = await this.#take(1)
    start[4] = descriptor
    yield start
    yield await this.#take(headerBytes(descriptor))
    const checksumBytes = (descriptor & 0x04) === 0 ? 0 : 4
    for (let last = false; !last; ) {
      const header = await this.#take(3)
      yield header
      const block = header.readUIntLE(0, 3)
      last = (block & 1) === 1
      const type = (block >> 1) & 3
      if (type === 3) throw damaged('a block of no known type')
      // A block of one byte, so often.
      yield* this.#pass(type === 1 ? 1 : block >> 3)
    }
    yield await this.#take(checksumBytes)
  }

  /** Lets the source go, read to its end or not. */
  async leave(): Promise<void> {
    await this.#pieces.return?.()
  }

  /** So many bytes; none if `orNone` and there are none. */
  async #take(bytes: number, orNone = false): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const part of this.#pass(bytes, orNone)) parts.push(part)
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  async *#pass(bytes: number, orNone = false): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      if (this.#piece.length === 0) {
        const { value, done } = await this.#pieces.next()
        if (done === true) {
          if (orNone && left === bytes) return
          throw damaged('it ends too early')
        }
        this.#piece = Buffer.from(value.buffer, value.byteOffset, value.length)
        continue
      }
      const part = this.#piece.subarray(0, left)
      this.#piece = this.#piece.subarray(part.length)
      left -= part.length
      yield part
    }
  }
}

/** What follows a frame's descriptor: window, dictionary and content size, where it says they are there. */
function headerBytes(descriptor: number): number {
  const single = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const content = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  return (single ? 0 : 1) + dictionary + content
}

function damaged(how: string): CairnError {
  return new CairnError('corrupt', `damaged zstd: ${how}`)
}
