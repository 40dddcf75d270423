import t from 'tap'
import { codec, makeCid } from '../../src/base/blocks.ts'
import { type Name, toName } from '../../src/base/names.ts'
import type { DirectoryLink, Profile } from '../../src/unixfs/api.ts'
import { dataType, encodeData } from '../../src/unixfs/encode-data.ts'
import { encodeNode } from '../../src/unixfs/encode-node.ts'
import { HamtPath } from '../../src/unixfs/hamt-path.ts'
import { NodeLoader } from '../../src/unixfs/load-node.ts'
import { LruCache } from '../../src/unixfs/lru-cache.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { DirectoryReader } from '../../src/unixfs/read-directory.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { fails } from '../lib/fails.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

const small: Profile = {
  ...profiles['unixfs-v1-2025'],
  chunker: { kind: 'fixed', bytes: 1000 },
  width: 10
}

t.test('a random read in a file read before is one read within one leaf', async t => {
  const blocks = memoryBlocks()
  const builder = openUnixfsWriter(blocks, small).file()
  const bytes = seededBytes(100_000, 'random')
  builder.write(bytes)
  const { codec: code, multihash } = builder.finish()
  const reader = openUnixfsReader(blocks)
  const whole = new Uint8Array(100_000)
  reader.readFile(code, multihash, whole, 0)
  t.same(Buffer.from(whole), bytes)
  Object.assign(blocks.calls, { size: 0, read: 0, readInto: 0 })
  const target = new Uint8Array(100)
  for (const position of [55_123, 0, 99_900, 1000, 899]) {
    t.equal(reader.readFile(code, multihash, target, position), 100)
    t.same(Buffer.from(target), bytes.subarray(position, position + 100))
  }
  t.same(blocks.calls, { size: 0, read: 0, readInto: 5 })
})

t.test(
  'files read by turns are each their own, whatever the caller does with its multihash',
  async t => {
    const blocks = memoryBlocks()
    const writer = openUnixfsWriter(blocks, small)
    const files = ['one', 'other'].map(seed => {
      const builder = writer.file()
      const bytes = seededBytes(5000, seed)
      builder.write(bytes)
      return { bytes, ...builder.finish() }
    })
    const reader = openUnixfsReader(blocks)
    const [target, asked] = [new Uint8Array(100), new Uint8Array(34)]
    for (const which of [0, 1, 1, 0, 1]) {
      const { bytes, codec: code, multihash } = files[which]!
      asked.set(multihash)
      t.equal(reader.readFile(code, asked, target, 2950), 100)
      t.same(Buffer.from(target), bytes.subarray(2950, 3050))
    }
    fails(t, 'unsupported', () => reader.readFile(0x71, asked, target, 0))
  }
)

t.test('the size of a raw file is one look into the index', async t => {
  const blocks = memoryBlocks()
  const multihash = blocks.add(Buffer.from('raw'))
  t.same(openUnixfsReader(blocks).infoOf(codec.raw, multihash), { kind: 'file', bytes: 3 })
  t.same(blocks.calls, { size: 1, read: 0, readInto: 0 })
})

t.test('an identity CID is read out of itself', async t => {
  const reader = openUnixfsReader(memoryBlocks())
  const multihash = Uint8Array.of(0, 2, 104, 105)
  t.same(reader.info(makeCid(codec.raw, multihash)), { kind: 'file', bytes: 2 })
  const target = new Uint8Array(5)
  t.equal(reader.readFile(codec.raw, multihash, target, 0), 2)
})

t.test('a small file with metadata is read without a second look at its block', async t => {
  const blocks = memoryBlocks()
  const builder = openUnixfsWriter(blocks, profiles['unixfs-v1-2025']).file()
  builder.write(Buffer.from('content'))
  const node = builder.finish({ mode: 0o755, mtimeSeconds: -5, mtimeNanoseconds: 7 })
  const reader = openUnixfsReader(blocks)
  t.same(reader.infoOf(node.codec, node.multihash), {
    kind: 'file',
    bytes: 7,
    mode: 0o755,
    mtimeSeconds: -5,
    mtimeNanoseconds: 7
  })
  const target = new Uint8Array(7)
  t.equal(reader.readFile(node.codec, node.multihash, target, 3), 4)
  t.same(blocks.calls, { size: 1, read: 1, readInto: 0 })
})

t.test('a time beyond what can be read back is written as the last that can', async t => {
  const blocks = memoryBlocks()
  const writer = openUnixfsWriter(blocks, small)
  const reader = openUnixfsReader(blocks)
  for (const [seconds, read] of [
    [2 ** 53, Number.MAX_SAFE_INTEGER],
    [2 ** 63, Number.MAX_SAFE_INTEGER],
    [-(2 ** 60), -Number.MAX_SAFE_INTEGER]
  ] as const) {
    const builder = writer.file()
    builder.write(Buffer.from('bytes'))
    const node = builder.finish({ mtimeSeconds: seconds, mtimeNanoseconds: 1 })
    t.equal(reader.infoOf(node.codec, node.multihash).mtimeSeconds, read, `${seconds}`)
    const folder = writer.directory([], { mtimeSeconds: seconds })
    t.equal(reader.infoOf(folder.codec, folder.multihash).mtimeSeconds, read)
  }
})

t.test('a file that fills its block is known from the two ends of it', async t => {
  for (const name of ['unixfs-v1-2025', 'unixfs-v0-2015'] as const) {
    for (const length of [65_536, 65_537, 262_144]) {
      const blocks = memoryBlocks()
      const builder = openUnixfsWriter(blocks, profiles[name]).file()
      const bytes = seededBytes(length, 'one block')
      builder.write(bytes)
      const metadata = { mode: 0o600, mtimeSeconds: 1, mtimeNanoseconds: 2 }
      const node = builder.finish(metadata)
      const reader = openUnixfsReader(blocks)
      const info = reader.infoOf(node.codec, node.multihash)
      t.same(info, { ...metadata, kind: 'file', bytes: length })
      t.equal(blocks.calls.read, 0)
      const target = new Uint8Array(length + 1)
      t.equal(reader.readFile(node.codec, node.multihash, target, 0), length)
      t.ok(bytes.equals(target.subarray(0, length)))
      t.equal(reader.readFile(node.codec, node.multihash, target, length - 5), 5)
      t.ok(bytes.subarray(-5).equals(target.subarray(0, 5)))
    }
  }
})

t.test('names are bytes: those that are not UTF-8 come back as they were', async t => {
  const blocks = memoryBlocks()
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const leaf = writer.symlink(Buffer.from('x'))
  const names = ['\xff\xfe', 'caf\xe9', '\x01'] as Array<DirectoryLink['name']>
  const node = writer.directory(names.map(name => ({ ...leaf, name })))
  const reader = openUnixfsReader(blocks)
  t.same(
    reader.list(node.codec, node.multihash).map(entry => entry.name),
    [...names].sort()
  )
  t.ok(reader.lookup(node.codec, node.multihash, names[0]!))
})

t.test('a directory with a doubled name is not written', async t => {
  const writer = openUnixfsWriter(memoryBlocks(), profiles['unixfs-v1-2025'])
  const link = { ...writer.symlink(Buffer.from('x')), name: toName('twice') }
  t.throws(() => writer.directory([link, link]), { code: 'exists', message: /twice/ })
})

t.test('a symlink that no reader would take is not written', async t => {
  const writer = openUnixfsWriter(memoryBlocks(), profiles['unixfs-v1-2025'])
  for (const [target, code] of [
    ['', 'invalid'],
    ['a\0b', 'invalid'],
    ['a'.repeat(4097), 'name-too-long']
  ]) {
    t.throws(() => writer.symlink(Buffer.from(target!)), { code: code! }, `${target!.length} bytes`)
  }
})

t.test('a name goes on finding new positions after its 64 bits are used up', async t => {
  const path = new HamtPath(toName('long'))
  const first = Array.from({ length: 8 }, () => path.take(8))
  const next = Array.from({ length: 8 }, () => path.take(8))
  t.notSame(first, next)
  const odd = new HamtPath(toName('long'))
  t.equal(odd.take(3) * 32 + odd.take(5), first[0])
})

t.test('blocks that a cached node keeps in memory count as its own', async t => {
  const blocks = memoryBlocks()
  const large = Buffer.alloc(300_000)
  const leaf = {
    codec: codec.raw,
    multihash: blocks.add(large),
    cidVersion: 1,
    dagBytes: 1
  } as const
  const name = 'n'.repeat(300_000) as Name
  const good = { ...leaf, name: toName('good') }
  const identity = Buffer.concat([Buffer.from([0, 0xe0, 0xa7, 0x12]), large])
  const links = Array.from({ length: 5 }, (_, index) => {
    const data = Buffer.concat([large, Buffer.from([index])])
    const file = encodeData({ type: dataType.file, data, blockBytes: [large.length] })
    const directory = encodeData({ type: dataType.directory })
    return [
      blocks.add(encodeNode([leaf], file)),
      blocks.add(
        encodeNode(
          [
            { ...good, dagBytes: index },
            { ...leaf, name }
          ],
          directory
        )
      ),
      blocks.add(encodeNode([{ ...good, multihash: identity, dagBytes: index }], directory))
    ]
  })
  for (const multihashes of [0, 1, 2].map(kind => links.map(link => link[kind]!))) {
    const loader = new NodeLoader(blocks, 1_000_000)
    for (const multihash of multihashes) loader.load(codec.dagPb, multihash)
    const { read } = blocks.calls
    loader.load(codec.dagPb, multihashes[4]!)
    t.equal(blocks.calls.read, read, 'the last one is there')
    loader.load(codec.dagPb, multihashes[0]!)
    t.equal(blocks.calls.read, read + 1, 'the first had to go')
  }
})

t.test('blocks that a cached list keeps in memory count as its own', async t => {
  const blocks = memoryBlocks()
  const leaf = { codec: codec.raw, multihash: blocks.add(Buffer.from('x')), cidVersion: 1 } as const
  const multihashes = [1, 2, 3, 4, 5].map(dagBytes => {
    const good = { ...leaf, name: toName('good'), dagBytes }
    const filler = { ...leaf, name: 'n'.repeat(300_000) as Name, dagBytes }
    return blocks.add(encodeNode([good, filler], encodeData({ type: dataType.directory })))
  })
  const directories = new DirectoryReader(new NodeLoader(blocks, 0), 1_000_000)
  for (const multihash of multihashes) directories.list(codec.dagPb, multihash)
  const { read } = blocks.calls
  directories.list(codec.dagPb, multihashes[4]!)
  t.equal(blocks.calls.read, read, 'the last one is there')
  directories.list(codec.dagPb, multihashes[0]!)
  t.equal(blocks.calls.read, read + 1, 'the first had to go')
})

t.test(
  'a list too long for the cache is not made anew for each piece that is read of it',
  async t => {
    const blocks = memoryBlocks()
    const leaf = {
      codec: codec.raw,
      multihash: blocks.add(Buffer.from('x')),
      cidVersion: 1
    } as const
    const [one, other] = ['one', 'other'].map(name => {
      const link = { ...leaf, name: toName(name), dagBytes: 1 }
      return blocks.add(encodeNode([link], encodeData({ type: dataType.directory })))
    })
    const directories = new DirectoryReader(new NodeLoader(blocks, 0), 0)
    const list = directories.list(codec.dagPb, one!)
    t.equal(directories.list(codec.dagPb, one!), list, 'the same list')
    t.equal(blocks.calls.read, 1)
    directories.list(codec.dagPb, other!)
    t.not(directories.list(codec.dagPb, one!), list, 'only the last one is kept')
  }
)

t.test('a cache holds no more than its bound and drops what was used longest ago', async t => {
  const cache = new LruCache<string>(100)
  cache.set('a', 'A', 40)
  cache.set('b', 'B', 40)
  t.equal(cache.get('a'), 'A')
  cache.set('c', 'C', 40)
  t.equal(cache.get('b'), undefined)
  t.equal(cache.get('a'), 'A')
  t.equal(cache.bytes, 80)
  cache.set('huge', 'H', 101)
  t.equal(cache.get('huge'), undefined)
  cache.set('a', 'A2', 10)
  t.equal(cache.bytes, 50)
})
