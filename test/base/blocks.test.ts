import t from 'tap'
import { cidText, codec, makeCid, multihashKey, sha256Multihash } from '../../src/base/blocks.ts'

const empty = Buffer.from(
  '1220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  'hex'
)

t.test('a multihash is the code, the length and the digest', async t => {
  t.same(Buffer.from(sha256Multihash(new Uint8Array())), empty)
})

t.test('CIDs of either version, any codec and any hash are made', async t => {
  const identity = Buffer.from([0, 0])
  const sha512 = Buffer.concat([Buffer.from([0x13, 0x40]), Buffer.alloc(64)])
  t.equal(
    makeCid(codec.raw, empty).toString(),
    'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
  )
  t.equal(
    makeCid(codec.dagPb, empty, 0).toString(),
    'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n'
  )
  t.equal(makeCid(codec.raw, identity).toString(), 'bafkqaaa')
  t.equal(makeCid(0x0129, sha512).code, 0x0129)
  t.same(makeCid(0x0129, sha512).multihash.bytes, sha512)
  t.throws(() => makeCid(codec.raw, empty, 0), 'version 0 is dag-pb')
})

t.test('keys are as different as the multihashes', async t => {
  const padded = Buffer.concat([Buffer.alloc(3), empty])
  t.equal(
    multihashKey(padded.subarray(3)),
    multihashKey(empty),
    'a view is its bytes, not its buffer'
  )
  t.not(multihashKey(Buffer.from([0x12, 0xff])), multihashKey(Buffer.from([0x12, 0xfe])))
  t.equal(multihashKey(empty).length, 34)
})

t.test('a CID as text is what the reference code makes of it', async t => {
  const multihashes = [
    ...Array.from({ length: 200 }, (_, index) => sha256Multihash(Uint8Array.of(index))),
    Uint8Array.of(0, 0),
    Uint8Array.of(0, 3, 1, 2, 3),
    Uint8Array.from([0x13, 64, ...new Uint8Array(64)])
  ]
  for (const multihash of multihashes) {
    for (const code of [codec.raw, codec.dagPb, 0x0129]) {
      t.equal(cidText(code, multihash), makeCid(code, multihash).toString())
    }
  }
  const [first] = multihashes
  t.equal(cidText(codec.dagPb, first!, 0), makeCid(codec.dagPb, first!, 0).toString())
})
