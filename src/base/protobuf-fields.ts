import { CairnError } from './errors.ts'

/** A field of a protobuf message; numbers of 64 bits. https://protobuf.dev/programming-guides/encoding/ */
export interface Field {
  readonly number: number
  readonly value: bigint | Uint8Array
}

/** Fields of one message, unless its reader expects fewer: each costs fifty times its two bytes while it is looked at. */
const mostFields = 16_384
/** A varint has ten bytes at most. */
const varintBits = 70n

/** Writes fields in the order given. */
export function encodeFields(fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(({ number, value }) => {
    if (typeof value === 'bigint') return [varint(BigInt(number << 3)), varint(value)]
    return [varint(BigInt((number << 3) | 2)), varint(BigInt(value.byteLength)), value]
  })
  return Buffer.concat(parts)
}

/** As `listFields`, of a message in which each field comes once. Throws `invalid` for one that comes twice. */
export function decodeFields(bytes: Uint8Array): ReadonlyMap<number, bigint | Uint8Array> {
  const fields = new Map<number, bigint | Uint8Array>()
  for (const { number, value } of listFields(bytes)) {
    if (fields.has(number)) throw damaged(`field ${number} comes twice`)
    fields.set(number, value)
  }
  return fields
}

/**
 * Reads all fields of a message of varints and bytes, in their order; bytes are views. Throws `invalid` for
 * what ends within a field, a wire type of neither kind, a number over 64 bits, and more fields than `most`.
 */
export function listFields(bytes: Uint8Array, most = mostFields): Field[] {
  const fields: Field[] = []
  for (let at = 0; at < bytes.byteLength; ) {
    if (fields.length === most) throw damaged(`over ${most} fields`)
    const tag = readVarint(bytes, at)
    const { number, wire } = { number: Number(tag.value >> 3n), wire: Number(tag.value & 7n) }
    const read = readValue(bytes, tag.end, wire)
    fields.push({ number, value: read.value })
    at = read.end
  }
  return fields
}

function readValue(
  bytes: Uint8Array,
  start: number,
  wire: number
): { value: bigint | Uint8Array; end: number } {
  if (wire === 0) return readVarint(bytes, start)
  if (wire !== 2) throw damaged(`a field of wire type ${wire}`)
  const length = readVarint(bytes, start)
  const end = length.end + Number(length.value)
  if (end > bytes.byteLength) throw damaged('it ends within a field')
  return { value: bytes.subarray(length.end, end), end }
}

function readVarint(bytes: Uint8Array, start: number): { value: bigint; end: number } {
  let value = 0n
  for (let at = start, shift = 0n; shift < varintBits; at++, shift += 7n) {
    const byte = bytes[at]
    if (byte === undefined) throw damaged('it ends within a field')
    value |= BigInt(byte & 127) << shift
    if (byte < 128) {
      if (value >= 2n ** 64n) throw damaged('a number over 64 bits')
      return { value, end: at + 1 }
    }
  }
  throw damaged('a number over 64 bits')
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  return Uint8Array.from([...bytes, Number(rest)])
}

function damaged(why: string): CairnError {
  return new CairnError('invalid', `the message is damaged or hostile: ${why}`)
}
