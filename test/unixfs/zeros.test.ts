import t from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { profileNames } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

const MiB = 1024 * 1024

/** Where in 16 MiB of zeros other bytes stand. */
const files: Array<[what: string, places: number[], length: number]> = [
  ['zeros alone', [], 16 * MiB],
  ['zeros and a part of a chunk', [], 16 * MiB - 5],
  ['a byte in the middle', [8 * MiB + 17], 16 * MiB],
  ['bytes at the ends of chunks', [0, 4 * MiB - 1, 4 * MiB, 16 * MiB - 1], 16 * MiB]
]

for (const name of profileNames) {
  for (const [what, places, length] of files) {
    t.test(`${name}: ${what} are read as they were, whatever is hashed once`, async t => {
      const blocks = memoryBlocks()
      let added = 0
      const counting = {
        ...blocks,
        add: (bytes: Uint8Array, code?: number) => {
          added++
          return blocks.add(bytes, code)
        }
      }
      const bytes = Buffer.alloc(length)
      for (const place of places) bytes[place] = 7
      const builder = openUnixfsWriter(counting, profiles[name]).file()
      for (let at = 0; at < length; at += 777_777) builder.write(bytes.subarray(at, at + 777_777))
      const node = builder.finish()
      const again = Buffer.alloc(length + 1)
      const read = openUnixfsReader(blocks).readFile(node.codec, node.multihash, again, 0)
      t.equal(read, length)
      t.ok(again.subarray(0, length).equals(bytes), makeCid(node.codec, node.multihash).toString())
      t.equal(node.fileBytes, length)
      t.ok(added <= 4 + 4 * places.length, `${added} blocks stored`)
    })
  }
}
