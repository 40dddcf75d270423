import { randomBytes, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { encode as encodeCbor } from '@ipld/dag-cbor'
import t from 'tap'
import { decodeFields, encodeFields } from '../../src/base/protobuf-fields.ts'
import {
  importPrivateKey,
  nameOfKey,
  privateKeyOfSeed,
  publicKeyBytes
} from '../../src/names/key-forms.ts'
import { decodeRecord, encodeRecord, type RecordContent } from '../../src/names/record.ts'
import { fails } from '../lib/fails.ts'

interface Vector {
  readonly what: string
  readonly name: string
  readonly key?: string
  readonly value: string
  readonly sequence: string
  readonly endMs: number
  readonly ttlMs: number
  readonly record: string
}

/** Made once by the stock library, @helia/ipns 10.1.0, with its own keys. */
const vectors = JSON.parse(
  readFileSync(new URL('./records.json', import.meta.url), 'utf8')
) as Vector[]

const key = privateKeyOfSeed(Buffer.alloc(32, 7))
const name = nameOfKey(publicKeyBytes(key))
const content: RecordContent = {
  value: '/ipfs/bafkreidfdrlkeq4m4xnxuyx6iae76fdm4wgl5d4xzsb77ixhyqwumhz244',
  sequence: 5n,
  endMs: Date.UTC(2100, 0, 1),
  ttlMs: 300_000
}

t.test('records of the stock library are read as what they say', async t => {
  t.ok(vectors.length >= 7)
  for (const { what, name, value, sequence, endMs, ttlMs, record } of vectors) {
    const read = decodeRecord(name, Buffer.from(record, 'base64'))
    t.match(read, { value, sequence: BigInt(sequence), endMs, ttlMs }, what)
  }
})

t.test('records made here are those of the stock library, byte for byte', async t => {
  const plain = vectors.filter(({ what, key }) => key !== undefined && !/only|own/.test(what))
  t.ok(plain.length >= 4)
  for (const { what, key = '', value, sequence, endMs, ttlMs, record } of plain) {
    const own = importPrivateKey(Buffer.from(key, 'base64'))
    const made = encodeRecord(own, { value, sequence: BigInt(sequence), endMs, ttlMs })
    t.equal(Buffer.from(made).toString('base64'), record, what)
  }
})

t.test('a successor is signed with the rest', async t => {
  const bytes = encodeRecord(key, { ...content, successor: 'k51next' })
  t.match(decodeRecord(name, bytes), { ...content, successor: 'k51next' })
})

t.test('a record of another key is refused', async t => {
  const other = nameOfKey(publicKeyBytes(privateKeyOfSeed(Buffer.alloc(32, 8))))
  fails(t, 'mismatch', () => decodeRecord(other, encodeRecord(key, content)))
  const rsa = vectors.find(({ what }) => what.startsWith('RSA'))
  fails(
    t,
    'mismatch',
    () => decodeRecord(rsa?.name ?? '', encodeRecord(key, content)),
    'no key in it'
  )
})

t.test('a byte changed anywhere is refused', async t => {
  const bytes = encodeRecord(key, content)
  let accepted = 0
  for (let at = 0; at < bytes.byteLength; at++) {
    const changed = Uint8Array.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    try {
      decodeRecord(name, changed)
      accepted++
    } catch (error) {
      if (!['mismatch', 'invalid', 'unsupported'].includes((error as { code: string }).code))
        throw error
    }
  }
  // Only the signature of version 1, which nobody relies on, can differ: 64 bytes, its tag and length apart.
  t.ok(accepted <= 65, `${accepted} of ${bytes.byteLength}`)
})

t.test('a record cut off anywhere is refused', async t => {
  const bytes = encodeRecord(key, content)
  for (let length = 0; length < bytes.byteLength; length++) {
    t.throws(() => decodeRecord(name, bytes.subarray(0, length)), { name: 'CairnError' })
  }
})

t.test('hostile records are refused for what they are', async t => {
  const fields = decodeFields(encodeRecord(key, content))
  const having = (changes: Record<number, bigint | Uint8Array | undefined>) =>
    encodeFields(
      [
        ...new Map([...fields, ...Object.entries(changes).map(([n, v]) => [Number(n), v] as const)])
      ].flatMap(([number, value]) => (value === undefined ? [] : [{ number, value }]))
    )
  fails(t, 'invalid', () => decodeRecord(name, new Uint8Array(0)), 'nothing')
  fails(t, 'file-too-large', () => decodeRecord(name, new Uint8Array(10_241)), 'over 10 KiB')
  fails(t, 'invalid', () => decodeRecord(name, having({ 8: undefined })), 'version 1 only')
  fails(t, 'invalid', () => decodeRecord(name, having({ 9: undefined })), 'no signed part')
  fails(t, 'invalid', () => decodeRecord(name, having({ 5: 6n })), 'another sequence in version 1')
  fails(
    t,
    'invalid',
    () => decodeRecord(name, having({ 1: Buffer.from('/ipfs/x') })),
    'another value'
  )
  fails(t, 'invalid', () => decodeRecord(name, having({ 4: Buffer.from('2200') })), 'another end')
  fails(t, 'invalid', () => decodeRecord(name, having({ 6: 1n })), 'another time to live')
  fails(
    t,
    'invalid',
    () =>
      decodeRecord(
        name,
        Buffer.concat([encodeRecord(key, content), encodeFields([{ number: 5, value: 5n }])])
      ),
    'a field twice'
  )
  for (let round = 0; round < 200; round++) {
    const noise = randomBytes(1 + (round % 97))
    t.throws(() => decodeRecord(name, noise), { name: 'CairnError' })
  }
})

t.test('a signed part that is no record is refused though the signature is right', async t => {
  const time = Buffer.from('2100-01-01T00:00:00.000000000Z')
  const good = {
    Value: Buffer.from('/ipfs/x'),
    Validity: time,
    ValidityType: 0,
    Sequence: 1,
    TTL: 1
  }
  const signed = (document: unknown) => {
    const data = encodeCbor(document)
    const signature = signData(data)
    return encodeFields([
      { number: 8, value: signature },
      { number: 9, value: data }
    ])
  }
  t.equal(decodeRecord(name, signed(good)).sequence, 1n, 'version 2 only is a record')
  for (const [what, document, code] of [
    ['no map', [1], 'invalid'],
    ['no value', { ...good, Value: undefined }, 'invalid'],
    ['another kind of validity', { ...good, ValidityType: 1 }, 'unsupported'],
    ['a sequence below zero', { ...good, Sequence: -1 }, 'invalid'],
    ['a sequence that is text', { ...good, Sequence: '1' }, 'invalid'],
    ['an end that is no time', { ...good, Validity: Buffer.from('soon') }, 'invalid'],
    ['a value that is neither path nor CID', { ...good, Value: Buffer.from('x') }, 'invalid']
  ] as const) {
    const kept = Array.isArray(document)
      ? document
      : Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined))
    fails(t, code, () => decodeRecord(name, signed(kept)), what)
  }
})

function signData(data: Uint8Array): Uint8Array {
  return sign(null, Buffer.concat([Buffer.from('ipns-signature:'), data]), key)
}
