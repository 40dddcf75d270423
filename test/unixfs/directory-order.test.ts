import t from 'tap'
import { codec, type Multihash, multihashKey } from '../../src/base/blocks.ts'
import { toName } from '../../src/base/names.ts'
import type { DirectoryLink, ShardCounts } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

function countsInMemory(): ShardCounts & { readonly known: Map<string, Uint32Array> } {
  const known = new Map<string, Uint32Array>()
  return {
    known,
    get: multihash => known.get(multihashKey(multihash)),
    add: shards => {
      for (const { multihash, ends } of shards) known.set(multihashKey(multihash), ends)
    }
  }
}

function build(entries: number) {
  const blocks = memoryBlocks()
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const leaf = { codec: codec.raw, multihash: blocks.add(Buffer.from('x')), cidVersion: 1 } as const
  const names = Array.from({ length: entries }, (_, index) => toName(`entry ${index}`))
  const links = names.map(name => ({ ...leaf, name, fileBytes: 1, dagBytes: 1 }))
  return { blocks, names, directory: writer.directory(links) }
}

const nameOf = ({ name }: DirectoryLink) => name

for (const [form, entries] of [
  ['an empty', 0],
  ['a flat', 100],
  ['a sharded', 20_000]
] as const) {
  t.test(`the order of ${form} directory is that of its list`, async t => {
    const { blocks, names, directory } = build(entries)
    const reader = openUnixfsReader(blocks)
    const { multihash } = directory
    const list = reader.list(directory.codec, multihash)
    const order = reader.order(directory.codec, multihash, countsInMemory())
    t.equal(order.length, entries)
    t.strictSame(order.slice(0, entries + 1).map(nameOf), list.map(nameOf))
    for (const start of [0, 1, 99, 5000, 19_999, 20_000]) {
      t.strictSame(order.slice(start, 130).map(nameOf), list.slice(start, start + 130).map(nameOf))
    }
    for (let index = 0; index < entries; index += 97) {
      const name = names[index]!
      const found = order.find(name)
      t.equal(list[found?.position ?? -1]?.name, name)
      t.equal(found?.link.name, name)
    }
    t.equal(order.find(toName('absent')), undefined)
    t.equal(order.find('..' as never), undefined)
  })
}

t.test('once counted, a look reads only the shards on its way', async t => {
  const { blocks, names, directory } = build(20_000)
  const counts = countsInMemory()
  const { multihash } = directory
  t.equal(openUnixfsReader(blocks).order(codec.dagPb, multihash, counts).length, 20_000)
  const order = openUnixfsReader(blocks).order(codec.dagPb, multihash, counts)
  const { read } = blocks.calls
  const { position = 0 } = order.find(names[12_345]!) ?? {}
  t.equal(order.slice(position, 1)[0]?.name, names[12_345])
  t.ok(blocks.calls.read - read < 10, `${blocks.calls.read - read} blocks`)
})

t.test('what is missing is wanted, and counted when it is here', async t => {
  const { blocks, directory } = build(20_000)
  const counts = countsInMemory()
  const [gone] = [...blocks.blocks.values()].filter(({ code }) => code === codec.dagPb)
  blocks.drop(gone?.multihash as Multihash)
  const order = openUnixfsReader(blocks).order(codec.dagPb, directory.multihash, counts)
  t.throws(() => order.length, { code: 'missing' })
  t.equal(counts.known.size, 0, 'nothing is remembered of half a count')
  blocks.add(gone!.bytes, codec.dagPb)
  t.equal(order.length, 20_000)
})

t.test('a file has no order', async t => {
  const { blocks, directory } = build(10)
  const reader = openUnixfsReader(blocks)
  t.throws(() => reader.order(codec.raw, directory.multihash, countsInMemory()), {
    code: 'not-directory'
  })
})
