import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Name } from '../base/names.ts'
import type { Caller } from '../vfs/api.ts'
import { alignedBuffer } from './aligned-buffer.ts'
import { sizeOf } from './protocol.ts'

declare global {
  /** Node's Buffer has these (lib/internal/buffer.js), twice as fast as `toString`; @types/node leaves them out. */
  interface Buffer {
    latin1Slice(start: number, end: number): string
    latin1Write(text: string, offset: number, length: number): number
  }
}

const twoTo32 = 0x1_0000_0000

/** Room for the largest request: its header, the write's header and max_write bytes. */
export const requestBytes = limits.fuseRequestBytes + 4096

/**
 * One request of the kernel, in a buffer that is used again for the next. Fields are read where
 * they lie; nothing is copied but names.
 */
export class Request {
  readonly bytes: Buffer
  readonly words: Uint32Array
  /** Bytes of the message. */
  length = 0

  constructor(capacity: number = requestBytes) {
    this.bytes = alignedBuffer(capacity, sizeOf.writeHeader)
    this.words = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, capacity >> 2)
  }

  /** Takes a message that was copied from another thread's request. */
  load(message: Uint8Array): void {
    this.bytes.set(message)
    this.length = message.length
  }

  get opcode(): number {
    return this.words[1]!
  }

  /** The inode the request is about. */
  get ino(): number {
    return this.number(4)
  }

  /** As the kernel numbers requests; a safe integer for three centuries at a million a second. */
  get unique(): number {
    return this.number(2)
  }

  get caller(): Caller {
    return { uid: this.words[6]!, gid: this.words[7]! }
  }

  /** The number of the thread that asks; 0 for what the kernel asks by itself. */
  get callerThread(): number {
    return this.words[8]!
  }

  /** The 32-bit field at a word offset. */
  word(index: number): number {
    return this.words[index]!
  }

  /** The unsigned 64-bit field at a word offset. */
  number(index: number): number {
    return this.words[index + 1]! * twoTo32 + this.words[index]!
  }

  /** The signed 64-bit field at a word offset. */
  signed(index: number): number {
    return (this.words[index + 1]! | 0) * twoTo32 + this.words[index]!
  }

  /** The NUL-terminated name at a byte offset. Throws `name-too-long`, `invalid`. */
  name(offset: number): Name {
    const end = this.#terminator(offset)
    if (end - offset > limits.nameBytes) {
      throw new CairnError('name-too-long', `a name of ${end - offset} bytes`)
    }
    return this.bytes.latin1Slice(offset, end) as Name
  }

  /** The NUL-terminated bytes at a byte offset, one character each (latin1): no encoding is lost. */
  bytesAsText(offset: number): string {
    return this.bytes.latin1Slice(offset, this.#terminator(offset))
  }

  /** The bytes before the NUL at a byte offset, as a view: copy what is kept (`slice` of a Buffer does not). */
  bytesUntilNul(offset: number): Uint8Array {
    return this.bytes.subarray(offset, this.#terminator(offset))
  }

  /** Where the string after the one at `offset` begins. */
  after(offset: number): number {
    return this.#terminator(offset) + 1
  }

  /** `count` bytes at a byte offset, as a view. Throws `invalid` if the message ends before. */
  slice(offset: number, count: number): Uint8Array {
    if (offset + count > this.length) throw new CairnError('invalid', 'a truncated request')
    return this.bytes.subarray(offset, offset + count)
  }

  #terminator(offset: number): number {
    const end = this.bytes.indexOf(0, offset)
    if (end < offset || end >= this.length) {
      throw new CairnError('invalid', 'a request with an unterminated string')
    }
    return end
  }

  /** A header is whole and says how long the message is. */
  get wellFormed(): boolean {
    return this.length >= sizeOf.inHeader && this.words[0] === this.length
  }
}
