import { CairnError } from '../../base/errors.ts'
import {
  extensionAt,
  extensionBytes,
  extensionLinkWord,
  field,
  flag,
  growInodeMemory,
  header,
  type InodeMemory,
  inlineBytes,
  recordAt,
  recordWords,
  shortenedBytes
} from './inode-memory.ts'

const longestIdentity = 2047

/**
 * One thread's view of the records. A view that follows a growable buffer's length by itself is 35
 * times slower, so views are of fixed length and made anew after somebody grew the buffer. All that
 * changes records needs the table's lock.
 */
export class InodeRecords {
  words: Uint32Array
  bytes: Uint8Array
  readonly #buffer: SharedArrayBuffer

  constructor(memory: InodeMemory) {
    this.#buffer = memory.records
    this.words = new Uint32Array(this.#buffer, 0, this.#buffer.byteLength >>> 2)
    this.bytes = new Uint8Array(this.#buffer, 0, this.#buffer.byteLength)
  }

  /** Sees what other threads added. */
  renew(): void {
    const length = this.words[header.words] as number
    if (length === this.words.length) return
    this.words = new Uint32Array(this.#buffer, 0, length)
    this.bytes = new Uint8Array(this.#buffer, 0, length * 4)
  }

  /** Where a record begins, or undefined if no such index was ever used. */
  locate(index: number): number | undefined {
    const at = recordAt(index)
    if (at + recordWords > this.words.length) this.renew()
    return index > 0 && at + recordWords <= this.words.length ? at : undefined
  }

  /** An index never used. Throws `no-space`. */
  takeFresh(): number {
    const index = this.words[header.fresh] as number
    if (recordAt(index + 1) > this.words.length) {
      growInodeMemory(this.#buffer)
      this.renew()
    }
    this.words[header.fresh] = index + 1
    return index
  }

  /** Makes sure that `setIdentity` has room. Throws `unsupported` on one too long, `no-space`. */
  reserveIdentity(identity: Uint8Array): void {
    if (identity.length <= inlineBytes) return
    if (identity.length > longestIdentity) {
      throw new CairnError(
        'unsupported',
        `a multihash of ${identity.length} bytes: up to ${longestIdentity} can be shown as a file`
      )
    }
    const pieces = Math.ceil((identity.length - shortenedBytes) / extensionBytes)
    while (this.#freeExtensionCount(pieces) < pieces) this.#freeExtension(this.takeFresh())
  }

  setIdentity(index: number, identity: Uint8Array): void {
    const inline = identity.length <= inlineBytes ? identity.length : shortenedBytes
    const at = recordAt(index)
    if (inline < identity.length) {
      this.words[at + extensionLinkWord] = this.#extend(identity, inline)
    }
    this.bytes.set(identity.subarray(0, inline), (at + field.identity) * 4)
  }

  #extend(identity: Uint8Array, from: number): number {
    const pieces = Math.ceil((identity.length - from) / extensionBytes)
    let next = 0
    for (let piece = pieces - 1; piece >= 0; piece--) {
      const start = from + piece * extensionBytes
      const index = this.words[header.freeExtensions] as number
      const at = recordAt(index)
      this.words[header.freeExtensions] = this.words[at] as number
      this.words[at] = next
      this.bytes.set(identity.subarray(start, start + extensionBytes), (at + extensionAt) * 4)
      next = index
    }
    return next
  }

  /** Counts free extensions, up to `enough`. */
  #freeExtensionCount(enough: number): number {
    let count = 0
    let index = this.words[header.freeExtensions] as number
    for (; index !== 0 && count < enough; count++) index = this.words[recordAt(index)] as number
    return count
  }

  #freeExtension(index: number): void {
    this.words[recordAt(index)] = this.words[header.freeExtensions] as number
    this.words[header.freeExtensions] = index
  }

  /** Gives back the extensions of a record that is to be used again. */
  releaseIdentity(index: number): void {
    if (this.identityLength(index) <= inlineBytes) return
    let extension = this.words[recordAt(index) + extensionLinkWord] as number
    while (extension !== 0) {
      const next = this.words[recordAt(extension)] as number
      this.#freeExtension(extension)
      extension = next
    }
  }

  identityLength(index: number): number {
    return (this.words[recordAt(index) + field.mode] as number) >>> flag.lengthShift
  }

  /** A copy: what is in shared memory may not be handed to system calls. */
  identity(index: number): Uint8Array {
    const length = this.identityLength(index)
    const copy = new Uint8Array(length)
    this.#eachPiece(index, length, (start, from, count) => {
      copy.set(this.bytes.subarray(from, from + count), start)
      return true
    })
    return copy
  }

  hasIdentity(index: number, identity: Uint8Array): boolean {
    const { length } = identity
    if (this.identityLength(index) !== length) return false
    if (length <= inlineBytes)
      return this.#same((recordAt(index) + field.identity) * 4, identity, 0, length)
    return this.#eachPiece(index, length, (start, from, count) =>
      this.#same(from, identity, start, count)
    )
  }

  #same(from: number, identity: Uint8Array, start: number, count: number): boolean {
    const { bytes } = this
    for (let i = 0; i < count; i++) if (bytes[from + i] !== identity[start + i]) return false
    return true
  }

  /** Calls `visit` with a piece's start in the identity, its place in `bytes` and its length, while that returns true. */
  #eachPiece(
    index: number,
    length: number,
    visit: (start: number, from: number, count: number) => boolean
  ): boolean {
    const at = recordAt(index)
    const inline = length <= inlineBytes ? length : shortenedBytes
    if (!visit(0, (at + field.identity) * 4, inline)) return false
    let extension = this.words[at + extensionLinkWord] as number
    for (let start = inline; start < length; start += extensionBytes) {
      const count = Math.min(extensionBytes, length - start)
      if (!visit(start, (recordAt(extension) + extensionAt) * 4, count)) return false
      extension = this.words[recordAt(extension)] as number
    }
    return true
  }
}
