import t from 'tap'
import { codec, sha256Multihash } from '../../src/base/blocks.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import type { Profile } from '../../src/unixfs/api.ts'
import { dataType, encodeData } from '../../src/unixfs/encode-data.ts'
import { encodeNode } from '../../src/unixfs/encode-node.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { fails } from '../lib/fails.ts'
import { type MemoryBlocks, memoryBlocks } from '../lib/memory-blocks.ts'

const small = { chunker: { kind: 'fixed', bytes: 1000 }, width: 3 } as const

function write(blocks: MemoryBlocks, bytes: Uint8Array, profile: Profile) {
  const builder = openUnixfsWriter(blocks, { ...profile, ...small }).file()
  builder.write(bytes)
  return builder.finish()
}

for (const bytes of [0, 1, 1000, 1001, 3000, 3001, 40_123]) {
  t.test(`the leaves of ${bytes} bytes are these bytes, one after the other`, async t => {
    const blocks = memoryBlocks()
    const content = seededBytes(bytes, 'leaves')
    const { codec: code, multihash } = write(blocks, content, profiles['unixfs-v1-2025'])
    const leaves = [...openUnixfsReader(blocks).rawLeaves(code, multihash)]
    t.ok(Buffer.concat(leaves.map(leaf => blocks.read(leaf.multihash))).equals(content))
    for (const leaf of leaves) t.equal(leaf.length, blocks.size(leaf.multihash))
  })
}

t.test('no more of the tree is read than the leaves asked for lie below', async t => {
  const blocks = memoryBlocks()
  const content = seededBytes(27_000, 'lazy')
  const { codec: code, multihash } = write(blocks, content, profiles['unixfs-v1-2025'])
  Object.assign(blocks.calls, { size: 0, read: 0, readInto: 0 })
  for (const _ of openUnixfsReader(blocks).rawLeaves(code, multihash)) break
  t.equal(blocks.calls.read, 3, 'a node of each level')
})

const raw = (multihash: Uint8Array, code: number = codec.raw) =>
  ({ codec: code, multihash, cidVersion: 1, dagBytes: 9 }) as const
const file = (blockBytes: number[]) => encodeData({ type: dataType.file, blockBytes })

const refused: Readonly<Record<string, [code: ErrorCode, (blocks: MemoryBlocks) => Uint8Array]>> = {
  'leaves that are not raw': [
    'unsupported',
    blocks => write(blocks, seededBytes(5000, 'x'), profiles['unixfs-v0-2015']).multihash
  ],
  'bytes of its own beside its leaves': [
    'unsupported',
    blocks => {
      const leaf = blocks.add(Buffer.from('bbb'))
      const data = encodeData({ type: dataType.file, data: Buffer.from('aaa'), blockBytes: [3] })
      return blocks.add(encodeNode([raw(leaf)], data))
    }
  ],
  'a part that has another size than is claimed': [
    'unsupported',
    blocks => {
      const leaf = blocks.add(Buffer.from('abc'))
      const inner = blocks.add(encodeNode([raw(leaf)], file([3])))
      return blocks.add(encodeNode([raw(inner, codec.dagPb)], file([4])))
    }
  ],
  'a part that is not here': [
    'missing',
    blocks => {
      const inner = sha256Multihash(Buffer.from('not here'))
      return blocks.add(encodeNode([raw(inner, codec.dagPb)], file([4])))
    }
  ],
  'the nature of a directory': [
    'invalid',
    blocks => blocks.add(encodeNode([], encodeData({ type: dataType.directory })))
  ]
}

for (const [what, [code, make]] of Object.entries(refused)) {
  t.test(`a file with ${what} has no raw leaves: ${code}`, async t => {
    const blocks = memoryBlocks()
    const multihash = make(blocks)
    const { rawLeaves } = openUnixfsReader(blocks)
    fails(t, code, () => [...rawLeaves(codec.dagPb, multihash)])
  })
}

t.test('a raw block is its own leaf; one that is not here is missing', async t => {
  const blocks = memoryBlocks()
  const multihash = blocks.add(Buffer.from('raw'))
  const { rawLeaves } = openUnixfsReader(blocks)
  t.strictSame([...rawLeaves(codec.raw, multihash)], [{ multihash, length: 3 }])
  fails(t, 'missing', () => [...rawLeaves(codec.raw, sha256Multihash(Buffer.from('no')))])
})
