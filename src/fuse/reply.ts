import { limits } from '../base/limits.ts'
import type { Attributes, Ino } from '../vfs/api.ts'
import { alignedBuffer } from './aligned-buffer.ts'
import { openReply, sizeOf } from './protocol.ts'
import type { Request } from './request.ts'

const twoTo32 = 0x1_0000_0000
const headerWords = sizeOf.outHeader >> 2
/** Room for the largest answer: a read of max_pages, with its header. */
const replyBytes = limits.fuseRequestBytes + 4096
/** What `st_blksize` says. */
const blockBytes = 4096

/** How long the kernel may believe an answer, in whole seconds. */
export interface Timeouts {
  readonly entry: number
  readonly attributes: number
}

/** The answer to one request, written in place in a buffer that is used again for the next. */
export class Reply {
  readonly bytes = alignedBuffer(replyBytes, sizeOf.outHeader)
  readonly words = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, replyBytes >> 2)
  #payload: Uint8Array = this.bytes.subarray(0, 0)
  /** The first word of the payload. */
  static readonly start = headerWords

  /** Writes the header of an answer of `payload` bytes, or if negative of an errno; returns the message's length. */
  finish(request: Request, payload: number): number {
    const { words } = this
    const length = payload < 0 ? sizeOf.outHeader : sizeOf.outHeader + payload
    words[0] = length
    words[1] = Math.min(payload, 0)
    words[2] = request.words[2]!
    words[3] = request.words[3]!
    return length
  }

  /** A view of the payload's first `count` bytes, the last one again if it is as long: reads mostly are. */
  payload(count: number): Uint8Array {
    if (this.#payload.length !== count) {
      this.#payload = this.bytes.subarray(sizeOf.outHeader, sizeOf.outHeader + count)
    }
    return this.#payload
  }

  /** Sets a 64-bit field, signed or not. */
  number(index: number, value: number): void {
    this.words[index] = value
    this.words[index + 1] = Math.floor(value / twoTo32)
  }

  /** struct fuse_attr_out; returns its bytes. */
  attributes(ino: Ino, attributes: Attributes, timeouts: Timeouts): number {
    const { words } = this
    words[4] = timeouts.attributes
    words[5] = 0
    words[6] = 0
    words[7] = 0
    this.#attr(8, ino, attributes)
    return sizeOf.attrOut
  }

  /** struct fuse_entry_out at a word offset; returns its bytes. */
  entry(index: number, ino: Ino, attributes: Attributes, timeouts: Timeouts): number {
    const { words } = this
    this.number(index, ino)
    words[index + 2] = 0
    words[index + 3] = 0
    words[index + 4] = timeouts.entry
    words[index + 5] = 0
    words[index + 6] = timeouts.attributes
    words[index + 7] = 0
    words[index + 8] = 0
    words[index + 9] = 0
    this.#attr(index + 10, ino, attributes)
    return sizeOf.entryOut
  }

  /** A fuse_entry_out without a node: `entrySeconds` long there is nothing by that name. */
  noEntry(index: number, entrySeconds: number): number {
    this.words.fill(0, index, index + (sizeOf.entryOut >> 2))
    this.words[index + 4] = entrySeconds
    return sizeOf.entryOut
  }

  /**
   * struct fuse_open_out at a word offset; `backing` numbers a backing file, or is 0. No handle numbers:
   * requests name inodes and flags.
   */
  opened(index: number, flags: number, backing = 0): number {
    const { words } = this
    words[index] = 0
    words[index + 1] = 0
    words[index + 2] = backing === 0 ? flags : flags | openReply.passthrough
    words[index + 3] = backing
    return sizeOf.openOut
  }

  #attr(index: number, ino: Ino, attributes: Attributes): void {
    const { words } = this
    const { size } = attributes
    this.number(index, ino)
    this.number(index + 2, size)
    this.number(index + 4, attributes.blocks ?? Math.ceil(size / 512))
    this.number(index + 6, attributes.atimeSeconds)
    this.number(index + 8, attributes.mtimeSeconds)
    this.number(index + 10, attributes.ctimeSeconds)
    words[index + 12] = attributes.atimeNanoseconds
    words[index + 13] = attributes.mtimeNanoseconds
    words[index + 14] = attributes.ctimeNanoseconds
    words[index + 15] = attributes.mode
    words[index + 16] = attributes.links
    words[index + 17] = attributes.uid
    words[index + 18] = attributes.gid
    words[index + 19] = attributes.rdev
    words[index + 20] = blockBytes
    words[index + 21] = 0
  }
}
