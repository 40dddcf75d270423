import { MemoryBlockstore } from 'blockstore-core'
import { importer } from 'ipfs-unixfs-importer'
import t from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { toName } from '../../src/base/names.ts'
import type { DirectoryLink } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

const metadata = { mode: 0o700, mtimeSeconds: 5, mtimeNanoseconds: 7 }
const stockMetadata = { mode: 0o700, mtime: { secs: 5n, nsecs: 7 } }
const thresholdBytes = 400

t.test(
  'a directory with metadata is sharded where stock shards it, and only its root has it',
  async t => {
    const base = profiles['unixfs-v1-2025']
    const profile = { ...base, hamt: { ...base.hamt, thresholdBytes } }
    for (const count of [6, 7, 8, 9, 600]) {
      const names = Array.from({ length: count }, (_, index) => `file-${index}`)
      const files = names.map(name => ({ path: `d/${name}`, content: Buffer.from(name) }))
      const options = {
        profile: 'unixfs-v1-2025',
        shardSplitThresholdBytes: thresholdBytes
      } as const
      let expected = ''
      const entries = importer(
        [{ path: 'd', ...stockMetadata }, ...files],
        new MemoryBlockstore(),
        options
      )
      for await (const { path, cid } of entries) if (path === 'd') expected = cid.toString()
      const blocks = memoryBlocks()
      const writer = openUnixfsWriter(blocks, profile)
      const links = names.map((name): DirectoryLink => {
        const builder = writer.file()
        builder.write(Buffer.from(name))
        return { ...builder.finish(), name: toName(name) }
      })
      const { codec, multihash } = writer.directory(links, metadata)
      t.equal(makeCid(codec, multihash).toString(), expected, `${count} entries`)
      t.match(openUnixfsReader(blocks).infoOf(codec, multihash), { ...metadata, kind: 'directory' })
    }
  }
)
