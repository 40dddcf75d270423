import t from 'tap'
import { codec, type Multihash, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import type { UnixfsReader } from '../../src/unixfs/api.ts'
import { dataType, encodeData } from '../../src/unixfs/encode-data.ts'
import { encodeNode } from '../../src/unixfs/encode-node.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { fails } from '../lib/fails.ts'
import { type MemoryBlocks, memoryBlocks } from '../lib/memory-blocks.ts'

function open(): { blocks: MemoryBlocks; reader: UnixfsReader } {
  const blocks = memoryBlocks()
  return { blocks, reader: openUnixfsReader(blocks) }
}

const fileData = encodeData({ type: dataType.file, data: Buffer.from('abc') })
const goodBlock = encodeNode([], fileData)
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const leafCid = Buffer.concat([Buffer.from([1, 0x55]), sha256Multihash(Buffer.from('leaf'))])

/** A link message with the fields given, in a node with data. */
function nodeWithLink(...fields: Buffer[]): Buffer {
  const link = Buffer.concat(fields)
  return Buffer.concat([Buffer.from([0x12, link.length]), link, hex('0a 02 08 01')])
}
const hashField = Buffer.concat([Buffer.from([0x0a, leafCid.length]), leafCid])
const nameField = hex('12 01 61')
const sizeField = hex('18 04')

const badBlocks: Record<string, Buffer | Uint8Array> = {
  'cut off within its data': goodBlock.subarray(0, goodBlock.length - 1),
  'cut off within a length': hex('0a'),
  'bytes after the end': Buffer.concat([goodBlock, hex('00')]),
  'data twice': Buffer.concat([goodBlock, goodBlock]),
  'a field that dag-pb does not have': hex('1a 00'),
  'a field of another wire type': hex('08 01'),
  'a length far beyond the block': hex('0a ff ff ff ff 0f'),
  'a length of eleven bytes': hex('0a ff ff ff ff ff ff ff ff ff ff 01'),
  'a length over 2^53': hex('0a ff ff ff ff ff ff ff ff 7f'),
  'links around the data': Buffer.concat([
    nodeWithLink(hashField),
    nodeWithLink(hashField).subarray(0, -4)
  ]),
  'a link without a CID': nodeWithLink(nameField),
  'a link with two names': nodeWithLink(hashField, nameField, nameField),
  'a link with its size before its name': nodeWithLink(hashField, sizeField, nameField),
  'a link with a CID of version 2': nodeWithLink(hex('0a 04 02 55 00 00')),
  'a link with a digest cut off': nodeWithLink(hex('0a 05 01 55 12 20 00')),
  'a link with bytes after its digest': nodeWithLink(hex('0a 06 01 55 00 01 61 62')),
  'a link whose CID says its version in two bytes': nodeWithLink(hex('0a 06 81 00 55 00 01 61')),
  'a link whose CID says its codec in two bytes': nodeWithLink(hex('0a 06 01 d5 00 00 01 61')),
  'a link whose CID says its hash in two bytes': nodeWithLink(hex('0a 06 01 55 80 00 01 61')),
  'a link whose CID says its length in two bytes': nodeWithLink(hex('0a 06 01 55 00 81 00 61')),
  'UnixFS that does not say what it is': hex('0a 02 18 00'),
  'UnixFS cut off': hex('0a 02 12 05'),
  'UnixFS with a type of wrong wire type': hex('0a 02 0a 00'),
  'UnixFS with a group': hex('0a 03 08 02 4b'),
  'UnixFS whose size is not that of its parts': hex('0a 07 08 02 12 01 61 18 02'),
  'UnixFS with sizes for links that are not there': hex('0a 06 08 02 18 05 20 05'),
  'a time without seconds': hex('0a 09 08 01 42 05 15 01 00 00 00'),
  'a time of two seconds of nanoseconds': hex('0a 0b 08 01 42 07 08 01 15 00 94 35 77'),
  'a symlink to nowhere': hex('0a 02 08 04'),
  'a symlink of 5000 bytes': encodeNode(
    [],
    encodeData({ type: dataType.symlink, data: Buffer.alloc(5000, 'a') })
  ),
  'a symlink with a NUL': hex('0a 07 08 04 12 03 61 00 62'),
  'a shard of 3 positions': encodeNode([], encodeData({ type: dataType.hamt, fanout: 3 })),
  'a shard of 2^20 positions': encodeNode([], encodeData({ type: dataType.hamt, fanout: 2 ** 20 }))
}

for (const [what, block] of Object.entries(badBlocks)) {
  t.test(`corrupt: ${what}`, async t => {
    const { blocks, reader } = open()
    const multihash = blocks.add(block)
    const error = fails(t, 'corrupt', () => reader.infoOf(codec.dagPb, multihash))
    t.match(error.message, makeCid(codec.dagPb, multihash).toString(), 'it names the block')
  })
}

t.test(
  'every prefix of a good block is corrupt or says it is no UnixFS, and never reads',
  async t => {
    const { blocks, reader } = open()
    for (let length = 0; length < goodBlock.length; length++) {
      const multihash = blocks.add(goodBlock.subarray(0, length))
      fails(t, length === 0 ? 'unsupported' : 'corrupt', () =>
        reader.infoOf(codec.dagPb, multihash)
      )
    }
  }
)

t.test(
  'a large block that lies about its bytes is corrupt from whichever end it is seen',
  async t => {
    const bytes = Buffer.alloc(100_000, 'x')
    const good = encodeNode([], encodeData({ type: dataType.file, data: bytes }))
    const edits: Record<string, (block: Buffer) => Uint8Array> = {
      'cut off': block => block.subarray(0, -1),
      'longer than it says': block => Buffer.concat([block, Buffer.from([0])]),
      'of another size in its tail': block => {
        block[block.length - 1] = 5
        return block
      },
      'with bytes longer than the block': block => {
        block[9] = 0x7f
        return block
      }
    }
    for (const [what, edit] of Object.entries(edits)) {
      const { blocks, reader } = open()
      const multihash = blocks.add(edit(Buffer.from(good)))
      fails(t, 'corrupt', () => reader.infoOf(codec.dagPb, multihash), what)
    }
  }
)

t.test('unsupported: what is not UnixFS, or not as we know it', async t => {
  const { blocks, reader } = open()
  const cases: Record<string, [number, Multihash]> = {
    'dag-cbor': [0x71, blocks.add(hex('a0'))],
    'dag-pb without data': [codec.dagPb, blocks.add(new Uint8Array(0))],
    'UnixFS metadata': [codec.dagPb, blocks.add(hex('0a 02 08 03'))],
    'a shard by another hash': [codec.dagPb, blocks.add(hex('0a 07 08 05 28 12 30 80 02'))]
  }
  for (const [what, [code, multihash]] of Object.entries(cases)) {
    fails(t, 'unsupported', () => reader.infoOf(code, multihash), what)
    const target = new Uint8Array(1)
    fails(t, 'unsupported', () => reader.readFile(code, multihash, target, 0), what)
  }
})

t.test('a block that is not here is wanted by its own CID', async t => {
  const { reader } = open()
  const multihash = sha256Multihash(Buffer.from('elsewhere'))
  for (const code of [codec.dagPb, codec.raw]) {
    const error = fails(t, 'missing', () => reader.infoOf(code, multihash))
    t.same(error.want, { kind: 'block', id: makeCid(code, multihash).toString() })
  }
})
