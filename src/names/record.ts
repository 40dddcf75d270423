import { type KeyObject, sign } from 'node:crypto'
import { decode as decodeCbor, encode as encodeCbor } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { CairnError, toCairnError } from '../base/errors.ts'
import { decodeFields, encodeFields } from '../base/protobuf-fields.ts'
import { keyInName } from './ipns-name.ts'
import { isSignedBy, nameOfKey } from './key-forms.ts'

/** What a name says: https://specs.ipfs.tech/ipns/ipns-record/ */
export interface RecordContent {
  /** `/ipfs/<cid>…` or `/ipns/<name>…`. */
  readonly value: string
  /** Below 2^64; only grows. */
  readonly sequence: bigint
  /** End of life, in milliseconds; written to the nanosecond. */
  readonly endMs: number
  /** How long it may be believed without asking again. */
  readonly ttlMs: number
  /** The name that takes over for good; a field of our own, signed with the rest. */
  readonly successor?: string | undefined
}

export interface IpnsRecord extends RecordContent {
  readonly bytes: Uint8Array
}

/** The largest record that is looked at, as the specification bounds it. */
export const recordBytes = 10 * 1024

const field = {
  value: 1,
  signatureV1: 2,
  validityType: 3,
  validity: 4,
  sequence: 5,
  ttl: 6,
  publicKey: 7,
  signatureV2: 8,
  data: 9
} as const

const successorField = '_cairnSuccessor'
const nanosecondsPerMs = 1_000_000n

/** Makes a record with both signatures, version 1 for those who look at nothing else. Deterministic. */
export function encodeRecord(key: KeyObject, content: RecordContent): Uint8Array {
  const { sequence, ttlMs, successor } = content
  const value = Buffer.from(content.value, 'utf8')
  const validity = Buffer.from(showTime(content.endMs), 'utf8')
  const ttl = BigInt(ttlMs) * nanosecondsPerMs
  const data = encodeCbor({
    Value: value,
    Validity: validity,
    ValidityType: 0,
    Sequence: sequence,
    TTL: ttl,
    ...(successor === undefined ? {} : { [successorField]: successor })
  })
  return encodeFields([
    { number: field.value, value },
    { number: field.signatureV1, value: sign(null, signedV1(value, validity), key) },
    { number: field.validityType, value: 0n },
    { number: field.validity, value: validity },
    { number: field.sequence, value: sequence },
    { number: field.ttl, value: ttl },
    { number: field.signatureV2, value: sign(null, signedV2(data), key) },
    { number: field.data, value: data }
  ])
}

/**
 * Reads a record and verifies that the name's key made it; whether it has expired is not looked at.
 * Throws `file-too-large`, `invalid` for damage, what has no version 2, or says two things; `mismatch`
 * for a key or signature that is not the name's; `unsupported`.
 */
export function decodeRecord(name: string, bytes: Uint8Array): IpnsRecord {
  if (bytes.byteLength > recordBytes) {
    throw new CairnError(
      'file-too-large',
      `a record of ${bytes.byteLength} bytes: the bound is ${recordBytes}`
    )
  }
  const fields = decodeFields(bytes)
  const data = fields.get(field.data)
  const signature = fields.get(field.signatureV2)
  if (!(data instanceof Uint8Array) || !(signature instanceof Uint8Array)) {
    throw new CairnError('invalid', 'the record has no signature of version 2')
  }
  if (!isSignedBy(keyFor(name, fields.get(field.publicKey)), signedV2(data), signature)) {
    throw new CairnError('mismatch', `the record is not signed by ${name}`)
  }
  const said = decodeData(data)
  checkVersion1(fields, said)
  return { ...contentOf(said), bytes: Uint8Array.from(bytes) }
}

/** Reads a record that `decodeRecord` took before: its signature is not verified again. */
export function readStoredRecord(bytes: Uint8Array): IpnsRecord {
  const data = decodeFields(bytes).get(field.data)
  if (data instanceof Uint8Array) return { ...contentOf(decodeData(data)), bytes }
  throw new CairnError('corrupt', 'a stored record lacks its signed part: run cairn fsck')
}

function keyFor(name: string, given: bigint | Uint8Array | undefined): Uint8Array {
  const inlined = keyInName(name)
  if (inlined !== undefined) return inlined
  if (given instanceof Uint8Array && nameOfKey(given) === name) return given
  throw new CairnError('mismatch', `the record does not bring the key that ${name} is the hash of`)
}

/** The signed document, its fields checked for their kinds. */
interface Said {
  readonly value: Uint8Array
  readonly validity: Uint8Array
  readonly sequence: bigint
  readonly ttl: bigint
  readonly successor: string | undefined
}

function decodeData(data: Uint8Array): Said {
  const document = cborOf(data)
  const { Value: value, Validity: validity, ValidityType: type } = document
  if (type !== 0 && type !== 0n)
    throw new CairnError('unsupported', 'a validity that is no end of life')
  if (!(value instanceof Uint8Array) || !(validity instanceof Uint8Array)) {
    throw new CairnError('invalid', 'the record lacks its value or its end of life')
  }
  const successor = document[successorField]
  return {
    value,
    validity,
    sequence: numberOf(document.Sequence, 'Sequence'),
    ttl: document.TTL === undefined ? 0n : numberOf(document.TTL, 'TTL'),
    successor: typeof successor === 'string' ? successor : undefined
  }
}

function cborOf(data: Uint8Array): Record<string, unknown> {
  let document: unknown
  try {
    document = decodeCbor(data)
  } catch (cause) {
    throw new CairnError('invalid', `the record is no DAG-CBOR: ${toCairnError(cause).message}`, {
      cause
    })
  }
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
    return document as Record<string, unknown>
  }
  throw new CairnError('invalid', 'the record is no map')
}

function numberOf(value: unknown, what: string): bigint {
  const number = Number.isInteger(value) ? BigInt(value as number) : value
  if (typeof number === 'bigint' && number >= 0n && number < 2n ** 64n) return number
  throw new CairnError('invalid', `the record's ${what} is no number from 0 to 2^64`)
}

/** What version 1 says must be what was signed: old resolvers look at nothing else. */
function checkVersion1(fields: ReadonlyMap<number, bigint | Uint8Array>, said: Said): void {
  const value = fields.get(field.value)
  if (value === undefined && fields.get(field.signatureV1) === undefined) return
  const same =
    equalBytes(value, said.value) &&
    equalBytes(fields.get(field.validity), said.validity) &&
    (fields.get(field.validityType) ?? 0n) === 0n &&
    (fields.get(field.sequence) ?? 0n) === said.sequence &&
    (fields.get(field.ttl) ?? 0n) === said.ttl
  if (!same)
    throw new CairnError(
      'invalid',
      'the record says one thing in version 1 and another in version 2'
    )
}

function equalBytes(one: bigint | Uint8Array | undefined, other: Uint8Array): boolean {
  return one instanceof Uint8Array && Buffer.from(one).equals(other)
}

function contentOf({ value, validity, sequence, ttl, successor }: Said): RecordContent {
  return {
    value: valueText(value),
    sequence,
    endMs: parseTime(Buffer.from(validity).toString('latin1')),
    ttlMs: Number(ttl / nanosecondsPerMs),
    successor
  }
}

/** Old records have the bytes of a CID in place of a path. */
function valueText(value: Uint8Array): string {
  if (value[0] === 0x2f) return Buffer.from(value).toString('utf8')
  try {
    return `/ipfs/${CID.decode(value)}`
  } catch (cause) {
    throw new CairnError('invalid', 'the value of the record is neither a path nor a CID', {
      cause
    })
  }
}

/** RFC 3339 with nine digits of a second, as every implementation writes it. */
function showTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000000Z')
}

function parseTime(text: string): number {
  const shape = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text)
  const [, seconds, fraction = '', zone] = shape ?? []
  const ms = Date.parse(`${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${zone}`)
  if (Number.isNaN(ms)) throw new CairnError('invalid', 'the end of life of the record is no time')
  return ms
}

function signedV1(value: Uint8Array, validity: Uint8Array): Uint8Array {
  return Buffer.concat([value, validity, Buffer.from('EOL')])
}

function signedV2(data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('ipns-signature:'), data])
}
