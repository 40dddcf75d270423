import * as dagPb from '@ipld/dag-pb'
import fc from 'fast-check'
import { UnixFS } from 'ipfs-unixfs'
import t from 'tap'
import { makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { CairnError } from '../../src/base/errors.ts'
import { toName } from '../../src/base/names.ts'
import { decodeData } from '../../src/unixfs/decode-data.ts'
import { decodeNode } from '../../src/unixfs/decode-node.ts'
import { dataBytes, dataType, encodeData } from '../../src/unixfs/encode-data.ts'
import { encodeNode, nodeBytes, type OutgoingLink } from '../../src/unixfs/encode-node.ts'

/** Ours against @ipld/dag-pb and ipfs-unixfs, byte for byte, and on bytes that are wrong. */

const nameArbitrary = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter(name => name.isWellFormed() && !/[/\0]/.test(name) && !/^\.\.?$/.test(name))

const linkArbitrary = fc
  .record({
    text: nameArbitrary,
    codec: fc.constantFrom(0x55, 0x70, 0x71, 0x0129),
    version: fc.constantFrom(0, 1),
    dagBytes: fc.nat(Number.MAX_SAFE_INTEGER)
  })
  .map(({ text, codec, version, dagBytes }): OutgoingLink & { text: string } => {
    const cidVersion = codec === 0x70 && version === 0 ? 0 : 1
    const multihash = sha256Multihash(Buffer.from(text))
    return { text, name: toName(text), codec, cidVersion, multihash, dagBytes }
  })

const linksArbitrary = fc
  .uniqueArray(linkArbitrary, { selector: ({ text }) => text, maxLength: 12 })
  .map(links => links.sort((a, b) => (a.name! < b.name! ? -1 : 1)))

const dataArbitrary = fc.uint8Array({ minLength: 1, maxLength: 300 })

function stockNode(links: ReadonlyArray<OutgoingLink & { text: string }>, data: Uint8Array) {
  return {
    Links: links.map(({ text, codec, multihash, cidVersion, dagBytes }) => ({
      Hash: makeCid(codec, multihash, cidVersion),
      Name: text,
      Tsize: dagBytes
    })),
    Data: data
  }
}

t.test('nodes are encoded as @ipld/dag-pb encodes them, and decoded to what they were', async t => {
  fc.assert(
    fc.property(linksArbitrary, dataArbitrary, (links, data) => {
      const block = encodeNode(links, data)
      const stock = dagPb.encode(dagPb.prepare(stockNode(links, data)))
      t.ok(Buffer.from(stock).equals(block))
      t.equal(block.length, nodeBytes(links, data.length))
      const decoded = decodeNode(block)
      const expected = links.map(({ text: _text, ...link }) => link)
      t.same(decoded.links, expected)
      t.ok(Buffer.from(data).equals(block.subarray(decoded.data!.start, decoded.data!.end)))
    })
  )
})

t.test('sizes of two to four gibibytes are written as protobuf says', async t => {
  const message = encodeData({ type: dataType.file, blockBytes: [2_879_148_206] })
  t.equal(Buffer.from(message).toString('hex'), '080218aea1f1dc0a20aea1f1dc0a')
  t.equal(decodeData(message, 0, message.length).fileBytes, 2_879_148_206)
})

t.test('nodes with their data first are read too', async t => {
  fc.assert(
    fc.property(linksArbitrary, dataArbitrary, (links, data) => {
      const order = { fieldOrder: 'data-first' } as const
      const block = dagPb.encode(dagPb.prepare(stockNode(links, data)), order)
      t.equal(decodeNode(block).links.length, links.length)
    })
  )
})

t.test('UnixFS is encoded as ipfs-unixfs encodes it, and decoded to what it was', async t => {
  const fields = fc.record(
    {
      data: dataArbitrary,
      mode: fc.nat(0o7777),
      mtimeSeconds: fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
      mtimeNanoseconds: fc.integer({ min: 1, max: 999_999_999 })
    },
    { requiredKeys: ['mtimeSeconds'] }
  )
  // Stock (protons-runtime 7) writes varints from 2^31 to 2^32 wrong: nothing to compare with.
  const isWrittenRight = (value: number): boolean => value < 2 ** 31 || value >= 2 ** 32
  const sizes = fc
    .array(fc.oneof(fc.nat(2 ** 20), fc.nat(2 ** 40).filter(isWrittenRight)), { maxLength: 8 })
    .filter(parts => isWrittenRight(parts.reduce((sum, part) => sum + part, 0)))
  fc.assert(
    fc.property(fields, sizes, ({ data, ...metadata }, blockBytes) => {
      const { mode, mtimeSeconds, mtimeNanoseconds: nsecs } = metadata
      const inline = data === undefined ? {} : { data }
      const message = encodeData({ type: dataType.file, ...inline, blockBytes, ...metadata })
      const stock = new UnixFS({
        type: 'file',
        ...(data === undefined ? {} : { data: Uint8Array.from(data) }),
        blockSizes: blockBytes.map(BigInt),
        ...(mode === undefined ? {} : { mode }),
        mtime: { secs: BigInt(mtimeSeconds), ...(nsecs === undefined ? {} : { nsecs }) }
      })
      t.ok(Buffer.from(stock.marshal()).equals(message))
      const all = { type: dataType.file, ...inline, blockBytes, ...metadata }
      t.equal(message.length, dataBytes(all))
      const decoded = decodeData(message, 0, message.length)
      t.same(decoded.blockBytes, blockBytes)
      t.equal(decoded.fileBytes, Number(stock.fileSize()))
      const written = mode === 0o644 ? { ...metadata, mode: undefined } : metadata
      t.same({ mode: undefined, ...decoded.metadata }, { mode: undefined, ...written })
    })
  )
})

t.test(
  'whatever bytes are changed, a block is refused or read as @ipld/dag-pb reads it',
  async t => {
    let refused = 0
    let read = 0
    const changes = fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(linksArbitrary, dataArbitrary, changes, (links, data, edits) => {
        const block = Buffer.from(encodeNode(links, data))
        for (const [at, byte] of edits) block[at % block.length] = byte
        try {
          const decoded = decodeNode(block)
          read++
          const stock = dagPb.decode(block)
          t.equal(decoded.links.length, stock.Links.length)
          for (const [index, { codec, multihash, dagBytes }] of decoded.links.entries()) {
            const { Hash, Tsize = 0 } = stock.Links[index]!
            t.equal(codec, Hash.code)
            t.same(Buffer.from(multihash), Buffer.from(Hash.multihash.bytes))
            t.equal(dagBytes, Tsize)
          }
        } catch (error) {
          if (!(error instanceof CairnError)) throw error
          t.equal(error.code, 'corrupt')
          refused++
        }
      }),
      { numRuns: 2000 }
    )
    t.ok(refused > 100 && read > 100, `${refused} refused, ${read} read`)
  }
)

t.test('whatever bytes a UnixFS message has, it is refused or read, and nothing else', async t => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
      try {
        const { start, end } = decodeData(bytes, 0, bytes.length)
        t.ok(start <= end && end <= bytes.length)
      } catch (error) {
        if (!(error instanceof CairnError)) throw error
        t.equal(error.code, 'corrupt')
      }
    }),
    { numRuns: 2000 }
  )
})
