import fc from 'fast-check'
import t from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { makeChunker } from '../../src/unixfs/chunk.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

const KiB = 1024
const { chunker: settings } = profiles.fastcdc
if (settings.kind !== 'fastcdc') throw new Error('the profile fastcdc does not chunk by content')

function cutAll(bytes: Uint8Array): Uint8Array[] {
  const chunker = makeChunker(settings)
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = chunker.cut(bytes, at, bytes.length)
    chunks.push(bytes.subarray(at, at + length))
    at += length
  }
  return chunks
}

t.test('content-defined chunks keep to their bounds and average', async t => {
  const chunks = cutAll(seededBytes(16 * 1024 * KiB, 'bounds'))
  for (const chunk of chunks.slice(0, -1)) {
    t.ok(chunk.length >= settings.minBytes && chunk.length <= settings.maxBytes)
  }
  const average = (16 * 1024 * KiB) / chunks.length
  t.ok(average > 48 * KiB && average < 96 * KiB, `the average is ${average}`)
})

t.test('bytes that never match are cut at the longest chunk', async t => {
  const chunks = cutAll(new Uint8Array(1000 * KiB))
  t.same(
    chunks.map(chunk => chunk.length),
    [256, 256, 256, 232].map(length => length * KiB)
  )
})

t.test('an insertion changes the chunks around it only', async t => {
  const before = seededBytes(4096 * KiB, 'insertion')
  const middle = 2000 * KiB
  const after = Buffer.concat([
    before.subarray(0, middle),
    Buffer.from('inserted'),
    before.subarray(middle)
  ])
  const known = new Set(cutAll(before).map(chunk => Buffer.from(chunk).toString('latin1')))
  const fresh = cutAll(after).filter(chunk => !known.has(Buffer.from(chunk).toString('latin1')))
  t.ok(fresh.length >= 1 && fresh.length <= 3, `${fresh.length} new chunks`)
})

for (const name of ['fastcdc', 'unixfs-v1-2025'] as const) {
  t.test(`${name}: how the bytes arrive plays no part in the CID`, async t => {
    const bytes = seededBytes(2500 * KiB, 'pieces')
    const whole = openUnixfsWriter(memoryBlocks(), profiles[name]).file()
    whole.write(bytes)
    const expected = whole.finish().multihash
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 900 * KiB }), { maxLength: 12 }), pieces => {
        const builder = openUnixfsWriter(memoryBlocks(), profiles[name]).file()
        let at = 0
        for (const piece of pieces) {
          const reused = Buffer.from(bytes.subarray(at, at + piece))
          builder.write(reused)
          reused.fill(0)
          at += piece
        }
        builder.write(bytes.subarray(at))
        t.same(builder.finish().multihash, expected)
      }),
      { numRuns: 25 }
    )
  })
}

t.test('the CIDs of fastcdc never change', async t => {
  const writer = openUnixfsWriter(memoryBlocks(), profiles.fastcdc)
  const builder = writer.file()
  builder.write(seededBytes(3000 * KiB, 'fastcdc-seed'))
  const node = builder.finish()
  t.equal(
    makeCid(node.codec, node.multihash).toString(),
    'bafybeih5x7foi6inx7lk7ciojtws2d7odai6yhi42e6bfnodiixbe2xpxm'
  )
})
