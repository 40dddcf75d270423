import { limits } from '../base/limits.ts'
import type { Metadata } from './api.ts'
import { damaged, MessageReader, wire } from './protobuf.ts'

/** The UnixFS message of a block, its ranges within that block. */
export interface DecodedData {
  readonly type: number
  /** Where its own bytes lie: a file's inline part, a link's target, a shard's bitfield. Empty if it has none. */
  readonly start: number
  readonly end: number
  readonly fileBytes: number | undefined
  readonly blockBytes: readonly number[]
  readonly hashType: number | undefined
  readonly fanout: number | undefined
  readonly metadata: Metadata
}

const fieldNames = ['', 'type', 'data', 'fileBytes', 'blockBytes', 'hashType', 'fanout', 'mode']
const mtimeField = 8

/**
 * Reads the message at block[start, end). Fields that are not known are stepped over; a single one
 * given twice counts as last given, as protobuf says. Throws `corrupt`.
 */
export function decodeData(block: Uint8Array, start: number, end: number): DecodedData {
  const message = new MessageReader(block, start, end)
  const numbers = new Map<string, number>()
  const blockBytes: number[] = []
  let bytes = { start: 0, end: 0 }
  let mtime: Metadata = {}
  while (!message.done) {
    const tag = message.varint()
    const field = Math.floor(tag / 8)
    const known = fieldNames[field]
    if (field === mtimeField) {
      expectWire(tag, wire.bytes)
      const from = message.delimited()
      mtime = decodeTime(new MessageReader(block, from, message.position))
    } else if (known === 'data') {
      expectWire(tag, wire.bytes)
      const from = message.delimited()
      bytes = { start: from, end: message.position }
    } else if (known === 'blockBytes') {
      expectWire(tag, wire.varint)
      if (blockBytes.length >= limits.nodeLinks) throw damaged('too many block sizes')
      blockBytes.push(message.varint())
    } else if (known !== undefined && known !== '') {
      expectWire(tag, wire.varint)
      numbers.set(known, message.varint())
    } else {
      message.skip(tag % 8)
    }
  }
  const type = numbers.get('type')
  if (type === undefined) throw damaged('it does not say what it is')
  const mode = numbers.get('mode')
  return {
    type,
    ...bytes,
    fileBytes: numbers.get('fileBytes'),
    blockBytes,
    hashType: numbers.get('hashType'),
    fanout: numbers.get('fanout'),
    metadata: mode === undefined ? mtime : { ...mtime, mode: mode % 0o10000 }
  }
}

function expectWire(tag: number, wireType: number): void {
  if (tag % 8 !== wireType) throw damaged(`a UnixFS field of wire type ${tag % 8}`)
}

const maxNanoseconds = 999_999_999

function decodeTime(message: MessageReader): Metadata {
  let mtimeSeconds: number | undefined
  let mtimeNanoseconds: number | undefined
  while (!message.done) {
    const tag = message.varint()
    if (tag === 0x08) mtimeSeconds = message.int64()
    else if (tag === 0x15) mtimeNanoseconds = message.fixed32()
    else message.skip(tag % 8)
  }
  if (mtimeSeconds === undefined) throw damaged('a time without seconds')
  if (mtimeNanoseconds === undefined) return { mtimeSeconds }
  if (mtimeNanoseconds > maxNanoseconds) throw damaged('a time of over a second of nanoseconds')
  return { mtimeSeconds, mtimeNanoseconds }
}
