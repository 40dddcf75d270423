import { CairnError } from '../base/errors.ts'

/** The wire format of protobuf, as far as dag-pb and UnixFS use it: https://protobuf.dev/programming-guides/encoding/ */

/** Bytes of a varint of a safe integer from 0. */
export function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

/** Writes a varint and returns the offset after it. */
export function putVarint(target: Uint8Array, offset: number, value: number): number {
  let at = offset
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) target[at++] = (rest % 128) | 128
  target[at++] = rest
  return at
}

/** Wire types that occur here. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

/** The largest varint: 64 bits in groups of 7. */
const maxVarintBytes = 10

/**
 * Reads a message field by field. Every read that would leave the message, every varint that is
 * longer than 64 bits or no safe integer, throws `corrupt`.
 */
export class MessageReader {
  readonly bytes: Uint8Array
  readonly end: number
  position: number

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = position
    this.end = end
  }

  get done(): boolean {
    return this.position >= this.end
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < maxVarintBytes; count++) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) {
        if (!Number.isSafeInteger(value)) throw damaged('a number over 2^53')
        return value
      }
      scale *= 128
    }
    throw damaged('a varint of more than ten bytes')
  }

  /** A signed 64-bit integer; negative ones are ten bytes of two's complement. */
  int64(): number {
    let value = 0n
    for (let count = 0; count < maxVarintBytes; count++) {
      const byte = this.#byte()
      value |= BigInt(byte & 127) << BigInt(7 * count)
      if (byte < 128) {
        const signed = Number(BigInt.asIntN(64, value))
        if (!Number.isSafeInteger(signed)) throw damaged('a number over 2^53')
        return signed
      }
    }
    throw damaged('a varint of more than ten bytes')
  }

  fixed32(): number {
    this.#need(4)
    const { bytes, position } = this
    this.position += 4
    return (
      (bytes[position]! |
        (bytes[position + 1]! << 8) |
        (bytes[position + 2]! << 16) |
        (bytes[position + 3]! << 24)) >>>
      0
    )
  }

  /** Steps over a length-delimited field and returns where its content begins; it ends at `position`. */
  delimited(): number {
    const length = this.varint()
    this.#need(length)
    const start = this.position
    this.position += length
    return start
  }

  /** Steps over a field that is not known. */
  skip(wireType: number): void {
    if (wireType === wire.varint) this.#skipVarint()
    else if (wireType === wire.bytes) this.delimited()
    else if (wireType === wire.fixed64) this.#skipBytes(8)
    else if (wireType === wire.fixed32) this.#skipBytes(4)
    else throw damaged(`a field of wire type ${wireType}`)
  }

  #skipVarint(): void {
    for (let count = 0; count < maxVarintBytes; count++) if (this.#byte() < 128) return
    throw damaged('a varint of more than ten bytes')
  }

  #skipBytes(count: number): void {
    this.#need(count)
    this.position += count
  }

  #byte(): number {
    if (this.position >= this.end) throw damaged('it ends within a field')
    return this.bytes[this.position++]!
  }

  #need(count: number): void {
    if (count > this.end - this.position) throw damaged('it ends within a field')
  }
}

/** The error for a block that cannot be what its CID says; the reader adds which block it was. */
export function damaged(why: string): CairnError {
  return new CairnError('corrupt', `the block is damaged or hostile: ${why}`)
}
