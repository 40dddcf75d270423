import t, { type Test } from 'tap'
import { codec, type Multihash, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { CairnError, type ErrorCode } from '../../src/base/errors.ts'
import type { Name } from '../../src/base/names.ts'
import { toName } from '../../src/base/names.ts'
import type { UnixfsReader } from '../../src/unixfs/api.ts'
import { dataType, encodeData } from '../../src/unixfs/encode-data.ts'
import { encodeNode, type OutgoingLink } from '../../src/unixfs/encode-node.ts'
import { HamtPath, hamtPrefix } from '../../src/unixfs/hamt-path.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { type MemoryBlocks, memoryBlocks } from '../lib/memory-blocks.ts'

function fails(t: Test, code: ErrorCode, work: () => unknown, what?: string): CairnError {
  try {
    work()
  } catch (error) {
    if (error instanceof CairnError) {
      t.equal(error.code, code, what ?? error.message)
      return error
    }
    throw error
  }
  t.fail(`${what ?? 'it'} did not fail`)
  throw new Error('unreachable')
}

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

/** A file node over children, with the sizes claimed. */
function fileOver(blocks: MemoryBlocks, children: OutgoingLink[], blockBytes: number[]): Multihash {
  return blocks.add(encodeNode(children, encodeData({ type: dataType.file, blockBytes })))
}

function rawLink(blocks: MemoryBlocks, text: string): OutgoingLink {
  const multihash = blocks.add(Buffer.from(text))
  return { codec: codec.raw, multihash, cidVersion: 1, dagBytes: text.length }
}

t.test('a file whose leaf is longer or shorter than claimed never yields wrong bytes', async t => {
  for (const claimed of [2, 4]) {
    const { blocks, reader } = open()
    const children = ['aaa', 'bbb', 'ccc'].map(text => rawLink(blocks, text))
    const root = fileOver(blocks, children, [3, claimed, 3])
    const target = new Uint8Array(3)
    t.equal(reader.readFile(codec.dagPb, root, target, 0), 3)
    t.equal(Buffer.from(target).toString(), 'aaa', 'what is right before the lie is read')
    fails(t, 'corrupt', () => reader.readFile(codec.dagPb, root, target, 2))
    fails(t, 'corrupt', () => reader.readFile(codec.dagPb, root, target, 3))
  }
})

t.test('a file whose subtree claims another size than its parent is corrupt', async t => {
  const { blocks, reader } = open()
  const inner = fileOver(blocks, [rawLink(blocks, 'abc')], [3])
  const link = { codec: codec.dagPb, multihash: inner, cidVersion: 1, dagBytes: 9 } as const
  const root = fileOver(blocks, [link], [4])
  fails(t, 'corrupt', () => reader.readFile(codec.dagPb, root, new Uint8Array(4), 0))
})

t.test('a directory or a symlink where a part of a file should be is corrupt', async t => {
  for (const block of [hex('0a 02 08 01'), hex('0a 05 08 04 12 01 61')]) {
    const { blocks, reader } = open()
    const multihash = blocks.add(block)
    const link = { codec: codec.dagPb, multihash, cidVersion: 1, dagBytes: 9 } as const
    const root = fileOver(blocks, [link], [4])
    fails(t, 'corrupt', () => reader.readFile(codec.dagPb, root, new Uint8Array(4), 0))
  }
})

t.test('a part of a file of an unknown codec is unsupported', async t => {
  const { blocks, reader } = open()
  const link = { ...rawLink(blocks, 'abcd'), codec: 0x71 }
  const root = fileOver(blocks, [link], [4])
  fails(t, 'unsupported', () => reader.readFile(codec.dagPb, root, new Uint8Array(4), 0))
})

t.test('a file a hundred levels deep is refused', async t => {
  const { blocks, reader } = open()
  let link = rawLink(blocks, 'deep')
  for (let level = 0; level < 100; level++) {
    const multihash = fileOver(blocks, [link], [4])
    link = { codec: codec.dagPb, multihash, cidVersion: 1, dagBytes: 4 }
  }
  fails(t, 'corrupt', () => reader.readFile(link.codec, link.multihash, new Uint8Array(4), 0))
})

t.test('a file that claims 2^60 bytes is refused', async t => {
  const { blocks, reader } = open()
  const leaf = rawLink(blocks, 'x')
  const root = fileOver(blocks, [leaf, leaf], [2 ** 53 - 1, 2 ** 53 - 1])
  fails(t, 'corrupt', () => reader.infoOf(codec.dagPb, root))
})

t.test('children of no bytes are passed over', async t => {
  const { blocks, reader } = open()
  const children = ['', 'ab', '', '', 'c', ''].map(text => rawLink(blocks, text))
  const root = fileOver(blocks, children, [0, 2, 0, 0, 1, 0])
  const target = new Uint8Array(9)
  t.equal(reader.readFile(codec.dagPb, root, target, 0), 3)
  t.equal(Buffer.from(target.subarray(0, 3)).toString(), 'abc')
  t.equal(reader.readFile(codec.dagPb, root, target, 3), 0)
})

t.test('names that no mount can show, and doubled ones, are left out', async t => {
  const { blocks, reader } = open()
  const leaf = rawLink(blocks, 'x')
  const names = ['', '.', '..', '../../etc/passwd', 'a/b', 'nul\0', 'n'.repeat(300), 'good', 'good']
  const links = names.map(name => ({ ...leaf, name: name as Name }))
  const root = blocks.add(encodeNode(links, encodeData({ type: dataType.directory })))
  t.same(
    reader.list(codec.dagPb, root).map(entry => entry.name),
    ['good']
  )
  for (const name of names.slice(0, 7)) {
    t.equal(reader.lookup(codec.dagPb, root, name as Name), undefined, JSON.stringify(name))
  }
})

t.test('a file is no directory and a directory no file', async t => {
  const { blocks, reader } = open()
  const directory = blocks.add(hex('0a 02 08 01'))
  const { multihash: raw } = rawLink(blocks, 'x')
  const target = new Uint8Array(1)
  fails(t, 'is-directory', () => reader.readFile(codec.dagPb, directory, target, 0))
  fails(t, 'not-directory', () => reader.list(codec.raw, raw))
  fails(t, 'not-directory', () => reader.lookup(codec.raw, raw, toName('x')))
  fails(t, 'invalid', () => reader.readSymlink(codec.raw, raw))
  fails(t, 'invalid', () => reader.readSymlink(codec.dagPb, directory))
})

function shardOf(blocks: MemoryBlocks, links: OutgoingLink[]): OutgoingLink & { name: Name } {
  const data = encodeData({ type: dataType.hamt, data: hex('01'), fanout: 256 })
  const multihash = blocks.add(encodeNode(links, data))
  return { name: '' as Name, codec: codec.dagPb, multihash, cidVersion: 1, dagBytes: 1 }
}

t.test('an entry in the wrong shard is corrupt, not listed', async t => {
  const { blocks, reader } = open()
  const right = hamtPrefix(new HamtPath(toName('entry')).take(8), 256)
  const wrong = right === '00' ? '01' : '00'
  const leaf = rawLink(blocks, 'x')
  const good = shardOf(blocks, [{ ...leaf, name: `${right}entry` as Name }])
  t.equal(reader.list(good.codec, good.multihash).length, 1)
  const bad = shardOf(blocks, [{ ...leaf, name: `${wrong}entry` as Name }])
  fails(t, 'corrupt', () => reader.list(bad.codec, bad.multihash))
  t.equal(reader.lookup(bad.codec, bad.multihash, toName('entry')), undefined)
})

t.test('shards that link one shard 256 times a level do not unfold', async t => {
  const { blocks, reader } = open()
  let shard = shardOf(blocks, [{ ...rawLink(blocks, 'x'), name: '00a' as Name }])
  for (let level = 0; level < 30; level++) {
    const below = shard
    const labels = Array.from({ length: 256 }, (_, position) => hamtPrefix(position, 256))
    shard = shardOf(
      blocks,
      labels.map(name => ({ ...below, name }))
    )
  }
  fails(t, 'corrupt', () => reader.list(shard.codec, shard.multihash))
})

t.test('shards without end and empty ones are refused', async t => {
  const { blocks, reader } = open()
  let shard = shardOf(blocks, [])
  t.same(reader.list(shard.codec, shard.multihash), [], 'an empty root is an empty directory')
  const first = hamtPrefix(new HamtPath(toName('a')).take(8), 256)
  const over = shardOf(blocks, [{ ...shard, name: first }])
  fails(t, 'corrupt', () => reader.list(over.codec, over.multihash))
  fails(t, 'corrupt', () => reader.lookup(over.codec, over.multihash, toName('a')))
  const path = new HamtPath(toName('a'))
  const prefixes = Array.from({ length: 60 }, () => hamtPrefix(path.take(8), 256))
  shard = shardOf(blocks, [{ ...rawLink(blocks, 'x'), name: `${prefixes.at(-1)}a` as Name }])
  for (const name of prefixes.slice(0, -1).reverse()) shard = shardOf(blocks, [{ ...shard, name }])
  fails(t, 'corrupt', () => reader.list(shard.codec, shard.multihash))
  fails(t, 'corrupt', () => reader.lookup(shard.codec, shard.multihash, toName('a')))
})

t.test('a shard label that is no position is corrupt', async t => {
  for (const label of ['0a', 'GGx', '1', '']) {
    const { blocks, reader } = open()
    const shard = shardOf(blocks, [{ ...rawLink(blocks, 'x'), name: label as Name }])
    fails(t, 'corrupt', () => reader.list(shard.codec, shard.multihash), label)
  }
})

t.test('a walk stops at what it cannot follow', async t => {
  const { blocks, reader } = open()
  const cbor = blocks.add(hex('a0'))
  const link = {
    codec: 0x71,
    multihash: cbor,
    cidVersion: 1,
    dagBytes: 1,
    name: 'c' as Name
  } as const
  const root = blocks.add(encodeNode([link], encodeData({ type: dataType.directory })))
  fails(t, 'unsupported', () => [...reader.walk(makeCid(codec.dagPb, root))])
  const absent = { ...link, codec: codec.raw, multihash: sha256Multihash(Buffer.from('no')) }
  const other = blocks.add(encodeNode([absent], encodeData({ type: dataType.directory })))
  fails(t, 'missing', () => [...reader.walk(makeCid(codec.dagPb, other))])
})
