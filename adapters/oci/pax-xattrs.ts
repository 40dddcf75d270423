import { CairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'

const blockBytes = 512
const paxType = 'x'.charCodeAt(0)
/** Headers that say something of the entry after them: pax of one or of all, GNU's long names. */
const describing: ReadonlySet<number | undefined> = new Set(Buffer.from('xgLK'))
const prefix = 'SCHILY.xattr.'

export type Xattrs = ReadonlyMap<string, Uint8Array>

/**
 * Reads the extended attributes in a tar as it passes, since tar-stream decodes them as text and file
 * capabilities are none. Knows of a tar only where its headers are.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_03
 */
export class PaxXattrs {
  /** Of entries that have a header of their own, in their order. */
  readonly #queue: Xattrs[] = []
  /** The header, or the extended header, that is being read. */
  #held: Buffer[] = []
  #heldBytes = 0
  #wanted = blockBytes
  #reading: 'header' | 'pax' = 'header'
  #skip = 0
  /** What an extended header says of the size of the entry it goes before. */
  #size: number | undefined

  /** Passes on what it is given. Throws `invalid` on an extended header beyond `limits.sideFactsBytes`. */
  async *pass(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of tar) {
      this.#take(piece)
      yield piece
    }
  }

  /** The attributes of the next entry that has an extended header. */
  next(): Xattrs {
    return this.#queue.shift() ?? new Map()
  }

  #take(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      const passed = Math.min(this.#skip, piece.length - at)
      this.#skip -= passed
      at += passed
      if (this.#skip > 0 || at === piece.length) return
      const part = piece.subarray(at, at + this.#wanted - this.#heldBytes)
      this.#held.push(Buffer.from(part))
      this.#heldBytes += part.length
      at += part.length
      if (this.#heldBytes === this.#wanted) this.#read(Buffer.concat(this.#held))
    }
  }

  #read(bytes: Buffer): void {
    this.#held = []
    this.#heldBytes = 0
    if (this.#reading === 'pax') {
      const { xattrs, size } = readRecords(bytes)
      this.#queue.push(xattrs)
      this.#size = size
      this.#skip = padding(bytes.length)
      this.#expect('header', blockBytes)
      return
    }
    const type = bytes[156]
    const own = describing.has(type) ? undefined : this.#size
    const size = own ?? sizeIn(bytes)
    if (type !== paxType) {
      if (own !== undefined) this.#size = undefined
      this.#skip = size + padding(size)
      return
    }
    if (size > limits.sideFactsBytes) {
      throw new CairnError('invalid', `an extended header of ${size} bytes`)
    }
    if (size > 0) this.#expect('pax', size)
    else this.#queue.push(new Map())
  }

  #expect(what: 'header' | 'pax', bytes: number): void {
    this.#reading = what
    this.#wanted = bytes
  }
}

function padding(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes
}

/** Octal, or a binary number if its first bit is set. Of what is no header: 0, tar-stream tells. */
function sizeIn(header: Buffer): number {
  const field = header.subarray(124, 136)
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const size = Number(field.readBigUInt64BE(4))
    return Number.isSafeInteger(size) ? size : 0
  }
  const size = Number.parseInt(field.toString('latin1').replace(/\0.*$/s, '').trim(), 8)
  return Number.isSafeInteger(size) && size > 0 ? size : 0
}

/** Records of `<length> <name>=<value>\n`; the rest of what is damaged is passed over. */
function readRecords(bytes: Buffer): { xattrs: Xattrs; size: number | undefined } {
  const xattrs = new Map<string, Uint8Array>()
  let size: number | undefined
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', at, space))
    const equals = bytes.indexOf(0x3d, space)
    if (!Number.isSafeInteger(length) || equals < 0 || at + length > bytes.length) break
    if (equals >= at + length || length <= space - at) break
    const name = bytes.toString('latin1', space + 1, equals)
    const value = bytes.subarray(equals + 1, at + length - 1)
    if (name === 'size') size = Number.parseInt(value.toString('latin1'), 10)
    else if (name.startsWith(prefix)) keepXattr(xattrs, name.slice(prefix.length), value)
    at += length
  }
  return { xattrs, size: Number.isSafeInteger(size) ? size : undefined }
}

/** Adds one that is shown. Longest name and value: https://man7.org/linux/man-pages/man7/xattr.7.html */
export function keepXattr(xattrs: Map<string, Uint8Array>, name: string, value: Buffer): void {
  if (name.length > 255 || value.length > 65_536 || name.includes('\0') || !isShown(name)) return
  xattrs.set(name, Buffer.from(value))
}

/**
 * What means the same on this machine: not labels of another's security policy, not what tells a
 * storage driver where to look, and not what a mount has of its own.
 */
function isShown(name: string): boolean {
  if (name === 'security.capability') return true
  return /^user\.(?!overlay\.|cairn\.)./.test(name)
}
