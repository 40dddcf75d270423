import t from 'tap'
import { codec, type Multihash, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { type Name, toName } from '../../src/base/names.ts'
import type { UnixfsReader } from '../../src/unixfs/api.ts'
import { dataType, encodeData } from '../../src/unixfs/encode-data.ts'
import { encodeNode, type OutgoingLink } from '../../src/unixfs/encode-node.ts'
import { HamtPath, hamtPrefix } from '../../src/unixfs/hamt-path.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { fails } from '../lib/fails.ts'
import { type MemoryBlocks, memoryBlocks } from '../lib/memory-blocks.ts'

/** Blocks that are each well formed, and lie about one another. */

function open(): { blocks: MemoryBlocks; reader: UnixfsReader } {
  const blocks = memoryBlocks()
  return { blocks, reader: openUnixfsReader(blocks) }
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

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

t.test('a name in a shard and again in the shard below its position is corrupt', async t => {
  const { blocks, reader } = open()
  const path = new HamtPath(toName('twice'))
  const [first, second] = [hamtPrefix(path.take(8), 256), hamtPrefix(path.take(8), 256)]
  const leaf = rawLink(blocks, 'x')
  const below = shardOf(blocks, [{ ...leaf, name: `${second}twice` as Name }])
  const again = { ...leaf, name: `${first}twice` as Name }
  for (const links of [
    [{ ...below, name: first }, again],
    [again, { ...below, name: first }]
  ]) {
    const root = shardOf(blocks, links)
    fails(t, 'corrupt', () => reader.list(root.codec, root.multihash))
  }
})

t.test('a shard label that is no position is corrupt', async t => {
  for (const label of ['0a', 'GGx', '1', '']) {
    const { blocks, reader } = open()
    const shard = shardOf(blocks, [{ ...rawLink(blocks, 'x'), name: label as Name }])
    fails(t, 'corrupt', () => reader.list(shard.codec, shard.multihash), label)
  }
})

t.test(
  'links that claim more than 2^53 bytes together stay readable in what is made of them',
  async t => {
    const { blocks, reader } = open()
    for (const name of ['unixfs-v1-2025', 'unixfs-v0-2015'] as const) {
      const writer = openUnixfsWriter(blocks, profiles[name])
      let node = { ...writer.directory([]), dagBytes: Number.MAX_SAFE_INTEGER }
      for (let level = 0; level < 60; level++) {
        node = writer.directory(['a', 'b'].map(text => ({ ...node, name: toName(text) })))
        t.equal(node.dagBytes, Number.MAX_SAFE_INTEGER)
        t.equal(reader.list(node.codec, node.multihash).length, 2)
      }
    }
  }
)

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
