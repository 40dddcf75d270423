import { createHash } from 'node:crypto'
import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { CarBlockIterator } from '@ipld/car/iterator'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import t, { type Test } from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { limits } from '../../src/base/limits.ts'
import { bytesOf, makeHome, openStore } from './lib.ts'

function open(t: Test) {
  const home = makeHome()
  t.teardown(home.remove)
  const opened = openStore(home)
  t.teardown(() => opened.database.close())
  return { home, ...opened }
}

t.test('a block that is not here is missing, and the error names what would help', async t => {
  const { store } = open(t)
  const multihash = sha256Multihash(bytesOf(1))
  const want = { kind: 'block', id: makeCid(codec.raw, multihash).toString() }
  t.equal(store.size(multihash), undefined)
  t.equal(store.has(multihash), false)
  t.throws(() => store.read(multihash), { code: 'missing', want })
  t.throws(() => store.readInto(multihash, 0, new Uint8Array(1)), { code: 'missing', want })
})

t.test('what cannot be verified or is wrong is refused, and nothing of it stays', async t => {
  const { store } = open(t)
  const sha256 = createHash('sha256').update(bytesOf(1)).digest()
  const wrong: ReadonlyArray<readonly [string, string, number, Uint8Array, Uint8Array]> = [
    ['another block', 'mismatch', 0x12, sha256, bytesOf(2)],
    ['a byte short', 'mismatch', 0x12, sha256, bytesOf(1).subarray(1)],
    ['a digest cut to 20 bytes', 'mismatch', 0x12, sha256.subarray(0, 20), bytesOf(1)],
    ['an identity of other bytes', 'mismatch', 0, bytesOf(2, 20), bytesOf(1, 20)],
    ['blake3', 'unsupported', 0x1e, sha256, bytesOf(1)],
    ['murmur3', 'unsupported', 0x22, sha256.subarray(0, 8), bytesOf(1)]
  ]
  for (const [name, code, hashCode, digest, bytes] of wrong) {
    const cid = CID.createV1(codec.raw, createDigest(hashCode, digest))
    t.throws(() => store.put(cid, bytes), { code }, name)
    t.equal(store.size(cid.multihash.bytes), hashCode === 0 ? 20 : undefined, name)
  }
  t.equal(store.statistics().segments, 0)
})

t.test('a block over the bound is refused by both ways in', async t => {
  const { store } = open(t)
  const bytes = Buffer.alloc(limits.blockBytes + 1)
  t.throws(() => store.add(bytes), { code: 'invalid' })
  const cid = makeCid(codec.raw, sha256Multihash(bytes))
  t.throws(() => store.put(cid, bytes), { code: 'invalid' })
  t.equal(store.has(store.add(bytes.subarray(1))), true, 'one of exactly the bound is taken')
})

t.test('every hash function of the contract verifies', async t => {
  const { store } = open(t)
  const names = [
    [0x11, 'sha1'],
    [0x12, 'sha256'],
    [0x13, 'sha512'],
    [0x14, 'sha3-512'],
    [0x16, 'sha3-256'],
    [0x20, 'sha384'],
    [0xb240, 'blake2b512'],
    [0xb260, 'blake2s256']
  ] as const
  for (const [code, name] of names) {
    const digest = createHash(name).update(bytesOf(code)).digest()
    const cid = CID.createV1(codec.raw, createDigest(code, digest))
    store.put(cid, bytesOf(code))
    store.flush()
    t.same(Buffer.from(store.read(cid.multihash.bytes)), bytesOf(code), name)
  }
})

t.test('an identity multihash is always here and never stored', async t => {
  const { store } = open(t)
  const cid = CID.createV1(codec.raw, createDigest(0, Buffer.from('hello')))
  const { bytes } = cid.multihash
  t.equal(store.has(bytes), true)
  t.equal(store.size(bytes), 5)
  t.same(Buffer.from(store.read(bytes)).toString(), 'hello')
  const target = Buffer.alloc(10)
  t.equal(store.readInto(bytes, 3, target), 2)
  t.equal(store.readInto(bytes, 9, target), 0)
  store.put(cid, Buffer.from('hello'))
  store.flush()
  t.equal(store.statistics().blocks, 0)
})

t.test('readInto copies the part that both the block and the target have', async t => {
  const { store } = open(t)
  const multihash = store.add(Buffer.from('0123456789'))
  for (const state of ['pending', 'flushed']) {
    for (const [offset, length, expected] of [
      [0, 10, '0123456789'],
      [0, 100, '0123456789'],
      [3, 4, '3456'],
      [8, 4, '89'],
      [10, 4, ''],
      [2000, 4, '']
    ] as const) {
      const target = Buffer.alloc(length)
      const count = store.readInto(multihash, offset, target)
      t.equal(target.toString('latin1', 0, count), expected, `${state} ${offset}+${length}`)
      t.ok(
        target.subarray(count).every(byte => byte === 0),
        'nothing behind it is touched'
      )
    }
    store.flush()
  }
})

t.test(
  'a block is seen by its writer at once, by others after a flush, and stored once',
  async t => {
    const { home, store } = open(t)
    const other = openStore(home)
    const scratch = bytesOf(1)
    const multihash = store.add(scratch)
    scratch.fill(0)
    t.same(Buffer.from(store.read(multihash)), bytesOf(1), 'though the caller reused its bytes')
    t.equal(other.store.has(multihash), false)
    store.flush()
    t.same(Buffer.from(other.store.read(multihash)), bytesOf(1))
    other.store.add(bytesOf(1))
    store.add(bytesOf(1))
    other.end()
    t.match(store.statistics(), { blocks: 1, bytes: 100, segments: 1 })
  }
)

t.test('two writers that bring the same block in one moment keep one row', async t => {
  const { home, store } = open(t)
  const other = openStore(home)
  const multihash = store.add(bytesOf(1))
  other.store.add(bytesOf(1))
  store.flush()
  other.store.flush({ durable: true })
  t.equal(other.store.statistics().blocks, 1)
  t.same(Buffer.from(other.store.read(multihash)), bytesOf(1))
  other.end()
})

t.test('a removed block is gone for all, and can be added again', async t => {
  const { home, store } = open(t)
  const multihash = store.add(bytesOf(1))
  store.remove([multihash])
  t.equal(store.has(multihash), false)
  t.same([...store.list()], [])
  store.add(bytesOf(1))
  store.flush()
  const other = openStore(home)
  t.same(Buffer.from(other.store.read(multihash)), bytesOf(1))
  other.end()
})

t.test('list gives every block with its length, over many pages', async t => {
  const { store } = open(t)
  const expected = new Map<string, number>()
  for (let number = 0; number < 3000; number++) {
    const multihash = store.add(bytesOf(number, 50 + (number % 7)))
    expected.set(Buffer.from(multihash).toString('hex'), 50 + (number % 7))
  }
  store.flush()
  const listed = new Map<string, number>()
  for (const { multihash, length } of store.list()) {
    listed.set(Buffer.from(multihash).toString('hex'), length)
  }
  t.same(listed, expected)
})

t.test('short runs one after the other fill one segment', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  for (let run = 0; run < 20; run++) {
    const { store, end } = openStore(home)
    store.add(bytesOf(run))
    end()
  }
  t.equal(readdirSync(home.segments).filter(name => name.endsWith('.car')).length, 1)
  const { store, end } = openStore(home)
  for (let run = 0; run < 20; run++) {
    t.same(Buffer.from(store.read(sha256Multihash(bytesOf(run)))), bytesOf(run))
  }
  end()
})

t.test('a store that is only read makes no segment', async t => {
  const { home, store } = open(t)
  store.has(sha256Multihash(bytesOf(1)))
  store.flush({ durable: true })
  store.close()
  t.same(readdirSync(home.segments), [])
})

t.test('a segment is a CAR that another reader walks, codecs included', async t => {
  const { home, store } = open(t)
  const raw = store.add(bytesOf(1))
  const node = store.add(bytesOf(2, 70_000), codec.dagPb)
  store.flush()
  const [name] = readdirSync(home.segments)
  const car = await CarBlockIterator.fromIterable(createReadStream(join(home.segments, name!)))
  t.equal((await car.getRoots())[0]?.toString(), 'bafkqaaa')
  const met: unknown[] = []
  for await (const { cid, bytes } of car) met.push([cid.toString(), Buffer.from(bytes)])
  t.same(met, [
    [makeCid(codec.raw, raw).toString(), bytesOf(1)],
    [makeCid(codec.dagPb, node).toString(), bytesOf(2, 70_000)]
  ])
})
