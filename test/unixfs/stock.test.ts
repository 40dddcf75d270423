import { type AddFileOptions, unixfs } from '@helia/unixfs'
import { MemoryBlockstore } from 'blockstore-core'
import fc from 'fast-check'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import t from 'tap'
import { makeCid, multihashKey } from '../../src/base/blocks.ts'
import { nameText, toName } from '../../src/base/names.ts'
import type { DirectoryLink, Metadata, Node, Profile } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { type MemoryBlocks, memoryBlocks } from '../lib/memory-blocks.ts'
import { metadataArbitrary } from './metadata-arbitrary.ts'

/** Ours against @helia/unixfs with the same settings, both ways. */

function cidOf(node: Node): string {
  return makeCid(node.codec, node.multihash, node.cidVersion).toString()
}

/** A profile small enough that a few hundred bytes make a tree of several levels. */
function tiny(base: 'unixfs-v1-2025' | 'unixfs-v0-2015', bytes: number, width: number): Profile {
  return { ...profiles[base], chunker: { kind: 'fixed', bytes }, width }
}

function stockOptions(profile: Profile): AddFileOptions {
  if (profile.chunker.kind !== 'fixed') throw new Error('stock has no FastCDC')
  return {
    cidVersion: profile.cidVersion,
    rawLeaves: profile.rawLeaves,
    chunker: fixedSize({ chunkSize: profile.chunker.bytes }),
    layout: balanced({ maxChildrenPerNode: profile.width }),
    shardSplitThresholdBytes: profile.hamt.thresholdBytes,
    shardSplitStrategy: profile.hamt.estimate === 'block' ? 'block-bytes' : 'links-bytes',
    fileImportConcurrency: 1
  }
}

function stockMetadata({ mode, mtimeSeconds, mtimeNanoseconds }: Metadata) {
  const nsecs =
    mtimeNanoseconds === undefined || mtimeNanoseconds === 0 ? {} : { nsecs: mtimeNanoseconds }
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(mtimeSeconds === undefined ? {} : { mtime: { secs: BigInt(mtimeSeconds), ...nsecs } })
  }
}

function writeFile(
  blocks: MemoryBlocks,
  profile: Profile,
  bytes: Uint8Array,
  pieces: number[],
  metadata: Metadata
) {
  const builder = openUnixfsWriter(blocks, profile).file()
  let at = 0
  for (const piece of pieces) {
    builder.write(bytes.subarray(at, at + piece))
    at += piece
  }
  if (at < bytes.length) builder.write(bytes.subarray(at))
  return builder.finish(metadata)
}

/** Puts all blocks of a stock store where our reader finds them. */
async function takeOver(store: MemoryBlockstore, blocks: MemoryBlocks): Promise<void> {
  for await (const { cid, bytes } of store.getAll()) {
    const parts: Uint8Array[] = []
    for await (const part of bytes) parts.push(part)
    blocks.forge(cid.multihash.bytes, Buffer.concat(parts))
  }
}

const chunkBytes = 8
const width = 3

/** Lengths around every boundary of chunks, nodes and levels. */
const lengthArbitrary = fc
  .tuple(
    fc.constantFrom(0, 1, 2, 3, 4, 9, 10, 27, 28, 81).map(chunks => chunks * chunkBytes),
    fc.integer({ min: -1, max: 1 })
  )
  .map(([bytes, off]) => Math.max(0, bytes + off))

for (const base of ['unixfs-v1-2025', 'unixfs-v0-2015'] as const) {
  t.test(
    `${base}: generated files have the CID that stock gives them, and are read back`,
    async t => {
      const profile = tiny(base, chunkBytes, width)
      await fc.assert(
        fc.asyncProperty(
          lengthArbitrary,
          fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 8 }),
          metadataArbitrary,
          async (length, pieces, metadata) => {
            const bytes = seededBytes(length, `stock-${length}`)
            const multiple = length > chunkBytes
            // Stock wraps a dag-pb leaf into itself when a file of one chunk has metadata.
            const wanted = profile.rawLeaves || multiple ? metadata : {}
            const store = new MemoryBlockstore()
            const expected = await unixfs({ blockstore: store }).addBytes(bytes, {
              ...stockOptions(profile),
              ...stockMetadata(wanted)
            })
            const blocks = memoryBlocks()
            const node = writeFile(blocks, profile, bytes, pieces, wanted)
            t.equal(cidOf(node), expected.toString())
            t.equal(node.fileBytes, length)
            const target = new Uint8Array(length + 3)
            const reader = openUnixfsReader(blocks)
            t.equal(reader.readFile(node.codec, node.multihash, target, 0), length)
            t.same(Buffer.from(target.subarray(0, length)), bytes)
          }
        ),
        { numRuns: 150 }
      )
    }
  )
}

t.test('a v0 file of one chunk with metadata is a file node with its bytes inside', async t => {
  const blocks = memoryBlocks()
  const metadata = { mode: 0o600, mtimeSeconds: 5 }
  const bytes = Buffer.from('few bytes')
  const node = writeFile(blocks, profiles['unixfs-v0-2015'], bytes, [], metadata)
  const reader = openUnixfsReader(blocks)
  t.same(reader.infoOf(node.codec, node.multihash), { ...metadata, kind: 'file', bytes: 9 })
  const target = new Uint8Array(9)
  reader.readFile(node.codec, node.multihash, target, 0)
  t.same(Buffer.from(target), bytes)
})

t.test('any part of a file that stock wrote is read as stock reads it', async t => {
  for (const base of ['unixfs-v1-2025', 'unixfs-v0-2015'] as const) {
    const store = new MemoryBlockstore()
    const bytes = seededBytes(1000, 'parts')
    const cid = await unixfs({ blockstore: store }).addBytes(bytes, stockOptions(tiny(base, 7, 4)))
    const blocks = memoryBlocks()
    await takeOver(store, blocks)
    const reader = openUnixfsReader(blocks)
    t.match(reader.info(cid), { kind: 'file', bytes: 1000 })
    fc.assert(
      fc.property(fc.nat(1100), fc.nat(300), (position, length) => {
        const target = new Uint8Array(length)
        const read = reader.readFile(cid.code, cid.multihash.bytes, target, position)
        const expected = bytes.subarray(position, position + length)
        t.equal(read, expected.length)
        t.same(Buffer.from(target.subarray(0, read)), expected)
      }),
      { numRuns: 300 }
    )
  }
})

const nameArbitrary = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 24 })
  .filter(name => name.isWellFormed() && !/[/\0\\]/.test(name) && name !== '.' && name !== '..')

t.test('generated directories have the CID that stock gives them, flat and sharded', async t => {
  const links = await import('ipfs-unixfs-importer')
  for (const base of ['unixfs-v1-2025', 'unixfs-v0-2015'] as const) {
    const threshold = { ...profiles[base].hamt, thresholdBytes: 400 }
    const profile = { ...profiles[base], hamt: threshold }
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(nameArbitrary, { minLength: 2, maxLength: 40 }),
        async names => {
          const store = new MemoryBlockstore()
          const files = names.map(name => ({
            path: `${name}`,
            content: Buffer.from(name)
          }))
          let expected = ''
          const options = { ...stockOptions(profile), wrapWithDirectory: true }
          for await (const { cid } of links.importer(files, store, options))
            expected = cid.toString()
          const blocks = memoryBlocks()
          const directory = writeDirectory(blocks, profile, names)
          t.equal(cidOf(directory), expected)
          const reader = openUnixfsReader(blocks)
          const list = reader.list(directory.codec, directory.multihash)
          t.same(list.map(({ name }) => nameText(name)).sort(), [...names].sort())
          for (const link of list) {
            t.match(reader.lookup(directory.codec, directory.multihash, link.name), link)
          }
          const absent = toName('no such name in it at all')
          t.equal(reader.lookup(directory.codec, directory.multihash, absent), undefined)
        }
      ),
      { numRuns: 60 }
    )
  }
})

function writeDirectory(blocks: MemoryBlocks, profile: Profile, names: readonly string[]): Node {
  const writer = openUnixfsWriter(blocks, profile)
  const links = names.map((name): DirectoryLink => {
    const node = writeFile(blocks, profile, Buffer.from(name), [], {})
    return { ...node, name: toName(name) }
  })
  return writer.directory(links)
}

t.test(
  'a sharded directory that stock wrote is listed and looked up in, reading few shards',
  async t => {
    const store = new MemoryBlockstore()
    const fs = unixfs({ blockstore: store })
    const names = Array.from({ length: 3000 }, (_, index) => `file-${index}`)
    let root = ''
    let cid = await fs.addDirectory()
    for await (const result of fs.addAll(
      names.map(path => ({ path, content: Buffer.from('x') })),
      { wrapWithDirectory: true, shardSplitThresholdBytes: 1000 }
    )) {
      cid = result.cid
      root = result.cid.toString()
    }
    t.not(root, '')
    const blocks = memoryBlocks()
    await takeOver(store, blocks)
    const reader = openUnixfsReader(blocks)
    t.equal(reader.info(cid).kind, 'directory')
    const { bytes: multihash } = cid.multihash
    const link = reader.lookup(cid.code, multihash, toName('file-1234'))
    t.equal(link?.codec, 0x55)
    t.ok(blocks.calls.read <= 3, `a lookup read ${blocks.calls.read} shards`)
    t.equal(reader.list(cid.code, multihash).length, 3000)
    t.equal(new Set(reader.list(cid.code, multihash).map(entry => entry.name)).size, 3000)
  }
)

t.test('symlinks and directories with metadata have the CID that stock gives them', async t => {
  const { importer } = await import('ipfs-unixfs-importer')
  await fc.assert(
    fc.asyncProperty(metadataArbitrary, async metadata => {
      const store = new MemoryBlockstore()
      const blocks = memoryBlocks()
      const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
      const directory = { path: 'd', ...stockMetadata(metadata) }
      for await (const { cid } of importer([directory], store, { profile: 'unixfs-v1-2025' })) {
        t.equal(cidOf(writer.directory([], metadata)), cid.toString())
      }
      const link = { path: 'l', link: '../a target', ...stockMetadata(metadata) }
      const symlink = writer.symlink(Buffer.from('../a target'), metadata)
      for await (const { cid } of importer([link], store, { profile: 'unixfs-v1-2025' })) {
        t.equal(cidOf(symlink), cid.toString())
      }
      const reader = openUnixfsReader(blocks)
      const target = reader.readSymlink(symlink.codec, symlink.multihash)
      t.equal(Buffer.from(target).toString(), '../a target')
      const { mode, mtimeSeconds, mtimeNanoseconds } = metadata
      const info = reader.infoOf(symlink.codec, symlink.multihash)
      t.match(info, { kind: 'symlink', bytes: 11 })
      t.equal(info.mode, mode === 0o644 ? undefined : mode)
      t.equal(info.mtimeSeconds, mtimeSeconds)
      t.equal(info.mtimeNanoseconds ?? 0, mtimeNanoseconds ?? 0)
    }),
    { numRuns: 60 }
  )
})

t.test('stock reads what we wrote, with the same blocks', async t => {
  const profile = tiny('unixfs-v1-2025', 16, 4)
  const bytes = seededBytes(3333, 'stock reads')
  const blocks = memoryBlocks()
  const node = writeFile(blocks, profile, bytes, [100, 1, 50], { mode: 0o755 })
  const store = new MemoryBlockstore()
  for (const { multihash, bytes, code } of blocks.blocks.values()) {
    await store.put(makeCid(code, multihash), bytes)
  }
  const parts: Uint8Array[] = []
  const cid = makeCid(node.codec, node.multihash)
  for await (const part of unixfs({ blockstore: store }).cat(cid)) parts.push(part)
  t.same(Buffer.concat(parts), bytes)
  const walked = [...openUnixfsReader(blocks).walk(cid)]
  const keys = new Set(walked.map(({ multihash }) => multihashKey(multihash)))
  t.equal(keys.size, walked.length)
  t.same(keys, new Set(blocks.blocks.keys()))
})
