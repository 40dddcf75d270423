import { CID } from 'multiformats/cid'
import { CairnError } from '../../base/errors.ts'
import { encodeFields, type Field, listFields } from '../../base/protobuf-fields.ts'

/** Bitswap 1.2: https://specs.ipfs.tech/bitswap-protocol/ */
export interface BitswapMessage {
  readonly wants: readonly Want[]
  /** Blocks as they came: what one is, its hash tells. */
  readonly blocks: readonly Uint8Array[]
  readonly presences: readonly Presence[]
}

export interface MessageToSend {
  readonly wants?: readonly Want[]
  readonly blocks?: readonly Block[]
  readonly presences?: readonly Presence[]
}

export interface Want {
  readonly cid: CID
  /** `have`: only whether it is there; `cancel`: not wanted any more. */
  readonly kind: 'block' | 'have' | 'cancel'
  /** To be told also if it is not there. */
  readonly tellAbsence: boolean
}

export interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
}

export interface Presence {
  readonly cid: CID
  readonly has: boolean
}

const field = { wantlist: 1, payload: 3, presences: 4 } as const
const wantlist = { entries: 1, full: 2 } as const
const entry = { cid: 1, priority: 2, cancel: 3, type: 4, tellAbsence: 5 } as const
const payload = { prefix: 1, bytes: 2 } as const
const presence = { cid: 1, type: 2 } as const

/** What one message may ask: more is a flood. */
const mostWants = 1024
/** Fields of a want, a block or a presence: the specification has five at most, and others may come. */
const partFields = 16
const sha256 = 0x12

export function encodeMessage({
  wants = [],
  blocks = [],
  presences = []
}: MessageToSend): Uint8Array {
  const asked = wants.map(each => ({ number: wantlist.entries, value: encodeWant(each) }))
  return encodeFields([
    // Absent, it would read as a want of everything that was wanted before and no more.
    {
      number: field.wantlist,
      value: encodeFields([...asked, { number: wantlist.full, value: 0n }])
    },
    ...blocks.map(each => ({ number: field.payload, value: encodeBlock(each) })),
    ...presences.map(each => ({ number: field.presences, value: encodePresence(each) }))
  ])
}

function encodeWant({ cid, kind, tellAbsence }: Want): Uint8Array {
  return encodeFields([
    { number: entry.cid, value: cid.bytes },
    { number: entry.priority, value: 1n },
    { number: entry.cancel, value: kind === 'cancel' ? 1n : 0n },
    { number: entry.type, value: kind === 'have' ? 1n : 0n },
    { number: entry.tellAbsence, value: tellAbsence ? 1n : 0n }
  ])
}

function encodeBlock({ cid, bytes }: Block): Uint8Array {
  const { version, code, multihash } = cid
  const head =
    version === 0
      ? Uint8Array.of(0, code, multihash.code, multihash.size)
      : cid.bytes.subarray(0, cid.byteLength - multihash.size)
  return encodeFields([
    { number: payload.prefix, value: head },
    { number: payload.bytes, value: bytes }
  ])
}

function encodePresence({ cid, has }: Presence): Uint8Array {
  return encodeFields([
    { number: presence.cid, value: cid.bytes },
    { number: presence.type, value: has ? 0n : 1n }
  ])
}

/**
 * Reads a message; blocks are views into it. Blocks of other hashes than sha2-256 are left out: they are not asked
 * for. Throws `invalid` for what is damaged or asks for more than 1024 blocks.
 */
export function decodeMessage(bytes: Uint8Array): BitswapMessage {
  const fields = listFields(bytes)
  const [list = new Uint8Array(0), ...more] = bytesOf(fields, field.wantlist)
  if (more.length > 0)
    throw new CairnError('invalid', 'a message of bitswap has two lists of wants')
  const wants = bytesOf(listFields(list), wantlist.entries)
  if (wants.length > mostWants) {
    throw new CairnError(
      'invalid',
      `a message asks for ${wants.length} blocks: ${mostWants} are the most`
    )
  }
  return {
    wants: wants.map(decodeWant),
    blocks: bytesOf(fields, field.payload).flatMap(decodeBlock),
    presences: bytesOf(fields, field.presences).map(decodePresence)
  }
}

function decodeWant(bytes: Uint8Array): Want {
  const fields = new Map(listFields(bytes, partFields).map(({ number, value }) => [number, value]))
  const isSet = (number: number) =>
    typeof fields.get(number) === 'bigint' && fields.get(number) !== 0n
  const kind = isSet(entry.cancel) ? 'cancel' : isSet(entry.type) ? 'have' : 'block'
  return { cid: decodeCid(fields.get(entry.cid)), kind, tellAbsence: isSet(entry.tellAbsence) }
}

function decodeBlock(bytes: Uint8Array): Uint8Array[] {
  const fields = listFields(bytes, partFields)
  const [head] = bytesOf(fields, payload.prefix)
  const [block] = bytesOf(fields, payload.bytes)
  if (head === undefined || block === undefined) {
    throw new CairnError('invalid', 'a message of bitswap has a block without bytes')
  }
  return head.at(-2) === sha256 && head.at(-1) === 32 ? [block] : []
}

function decodePresence(bytes: Uint8Array): Presence {
  const fields = new Map(listFields(bytes, partFields).map(({ number, value }) => [number, value]))
  return { cid: decodeCid(fields.get(presence.cid)), has: (fields.get(presence.type) ?? 0n) === 0n }
}

function decodeCid(value: bigint | Uint8Array | undefined): CID {
  try {
    if (value instanceof Uint8Array) return CID.decode(value)
  } catch (cause) {
    throw new CairnError('invalid', 'a message of bitswap names no CID', { cause })
  }
  throw new CairnError('invalid', 'a message of bitswap names no CID')
}

function bytesOf(fields: readonly Field[], wanted: number): Uint8Array[] {
  return fields.flatMap(({ number, value }) =>
    number === wanted && value instanceof Uint8Array ? [value] : []
  )
}
