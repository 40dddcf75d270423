import t from 'tap'
import { codec, makeCid } from '../../src/base/blocks.ts'
import { type Metadata, type Node, profileNames } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { withMetadata } from '../../src/unixfs/with-metadata.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { type MemoryBlocks, memoryBlocks } from '../lib/memory-blocks.ts'

const before: Metadata = { mode: 0o600, mtimeSeconds: 1 }
const after: Metadata = { mode: 0o755, mtimeSeconds: 1_700_000_000, mtimeNanoseconds: 5 }
const KiB = 1024

function build(
  blocks: MemoryBlocks,
  name: keyof typeof profiles,
  bytes: Uint8Array,
  metadata?: Metadata
): Node {
  const builder = openUnixfsWriter(blocks, profiles[name]).file()
  builder.write(bytes)
  return builder.finish(metadata)
}

const cidOf = (node: Node) => makeCid(node.codec, node.multihash, node.cidVersion).toString()

for (const name of profileNames) {
  t.test(`${name}: new metadata gives what importing the bytes with it gives`, async t => {
    for (const bytes of [0, 1, 200 * KiB, 1024 * KiB, 1024 * KiB + 1, 5000 * KiB]) {
      const content = seededBytes(bytes, 'with-metadata')
      for (const first of [undefined, before]) {
        const blocks = memoryBlocks()
        const node = build(blocks, name, content, first)
        const again = withMetadata(blocks, profiles[name], node, after)
        const wanted = build(memoryBlocks(), name, content, after)
        t.equal(again && cidOf(again), cidOf(wanted), `${bytes} bytes`)
        t.strictSame(again && { ...again }, { ...wanted }, 'and its sizes')
      }
    }
  })
}

t.test('raw leaves are not looked at: they need not be here', async t => {
  const blocks = memoryBlocks()
  const content = seededBytes(5000 * KiB, 'leaves')
  const node = build(blocks, 'unixfs-v1-2025', content, before)
  for (const { code, multihash } of [...blocks.blocks.values()]) {
    if (code === codec.raw) blocks.drop(multihash)
  }
  const again = withMetadata(blocks, profiles['unixfs-v1-2025'], node, after)
  const wanted = build(memoryBlocks(), 'unixfs-v1-2025', content, after)
  t.equal(again && cidOf(again), cidOf(wanted))
})

t.test('three levels: every node above the leaves is written anew', async t => {
  const narrow = { ...profiles['unixfs-v1-2025'], width: 2 }
  const blocks = memoryBlocks()
  const content = seededBytes(5000 * KiB, 'levels')
  const importWith = (metadata: Metadata) => {
    const builder = openUnixfsWriter(blocks, narrow).file()
    builder.write(content)
    return builder.finish(metadata)
  }
  const node = importWith(before)
  const again = withMetadata(blocks, narrow, node, after)
  t.equal(again && cidOf(again), cidOf(importWith(after)))
})

t.test('what is missing is named, and a directory is no file', async t => {
  const blocks = memoryBlocks()
  const node = build(blocks, 'unixfs-v1-2025', seededBytes(5000 * KiB, 'gone'))
  blocks.drop(node.multihash)
  const profile = profiles['unixfs-v1-2025']
  t.throws(() => withMetadata(blocks, profile, node, after), {
    code: 'missing',
    want: { kind: 'block', id: cidOf(node) }
  })
  const folder = openUnixfsWriter(blocks, profile).directory([])
  t.equal(withMetadata(blocks, profile, folder, after), undefined)
})

t.test('a raw block larger than a chunk is left to be read', async t => {
  const blocks = memoryBlocks()
  const bytes = seededBytes(1100 * KiB, 'raw')
  const multihash = blocks.add(bytes, codec.raw)
  const root = { codec: codec.raw, multihash, fileBytes: bytes.length }
  t.equal(withMetadata(blocks, profiles['unixfs-v1-2025'], root, after), undefined)
})
