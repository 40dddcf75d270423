import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { readLayerIndex } from '../../adapters/oci/read-layer-index.ts'
import { unpackLayer } from '../../adapters/oci/unpack-layer.ts'
import type { LayerEntry, LayerIndex } from '../../src/pull/adapter.ts'
import { type IndexedLayer, stargzLayer, type Toc } from '../lib/indexed-layer.ts'
import { makeImage, ociFolder, skopeoCopy } from '../lib/oci-clients.ts'
import { type Entry, inPieces } from '../lib/oci-layer.ts'
import { digest256 } from '../lib/registry-world.ts'
import { requireClient } from '../lib/skip.ts'

const mtime = new Date('2026-01-02T03:04:05Z')
const long = randomBytes(9000).toString('hex')
const entries: Entry[] = [
  ['etc/', '', { mode: 0o750, uid: 3, gid: 4, mtime }],
  ['etc/hello', 'hello', { mode: 0o4755, uid: 1000, gid: 1000, mtime }],
  ['etc/empty', '', { mtime }],
  ['./etc/long', long, { mtime }],
  ['etc/link', { to: '../usr' }, { mtime }],
  ['etc/hard', { hard: 'etc/long' }, { mtime }],
  ['etc/.wh.gone', '', { mtime }],
  ['etc/.wh..wh..opq', '', { mtime }]
]

/** An entry, and what its content comes to. */
async function shown({ content, ...entry }: LayerEntry): Promise<object> {
  const pieces: Uint8Array[] = []
  for await (const piece of content ?? []) pieces.push(Buffer.from(piece))
  const { path, kind, mode, mtimeSeconds, uid, gid, target = '' } = entry
  const text = digest256(Buffer.concat(pieces))
  return { path, kind, mode, mtimeSeconds, uid, gid, target, text }
}

async function unpacked(layer: Buffer): Promise<object[]> {
  const found: object[] = []
  for await (const entry of unpackLayer(inPieces(layer))) found.push(await shown(entry))
  return found
}

/** Its index, and the parts of it that were asked for. */
async function indexOf({ bytes, annotations }: IndexedLayer) {
  const asked: Array<[start: number, end: number]> = []
  const index = await readLayerIndex({ size: bytes.length, annotations }, (start, end) => {
    asked.push([start, end])
    return inPieces(bytes.subarray(start, end), 700)
  })
  return { asked, index }
}

const listed = ({ entries }: LayerIndex) => entries.filter(({ later }) => later !== true)

t.test('an index says what its layer does, and reads each file by a part of it', async t => {
  for (const options of [{}, { chunkBytes: 4000 }, { chunkBytes: 4000, together: true }]) {
    const layer = await stargzLayer(entries, options)
    const { asked, index } = await indexOf(layer)
    t.equal(asked.length, 1, 'read by its end')
    const own = (await unpacked(layer.bytes)).filter(entry => !/stargz/.test(JSON.stringify(entry)))
    t.strictSame(await Promise.all(listed(index!).map(shown)), own)
    t.equal(asked.length, 3, 'one request for each file that has bytes')
    const file = index!.entries.find(({ path }) => path === 'etc/long')
    t.match(await shown(file!), { text: digest256(long) }, 'and again')
    t.match(index!.entries.at(-1), { path: 'stargz.index.json', later: true })
  }
})

t.test('an index longer than what is read first is asked for', async t => {
  const many = Array.from({ length: 6000 }, (_, at): Entry => [`d/${digest256(String(at))}`, 'x'])
  const { asked, index } = await indexOf(await stargzLayer(many))
  t.equal(asked.length, 2)
  t.equal(index?.entries.length, 6001)
})

t.test('a layer without an index has none', async t => {
  const none = await readLayerIndex({ size: 10 }, () => t.fail('nothing is read') as never)
  t.equal(none, undefined)
})

t.test('layers that skopeo writes as zstd:chunked have theirs', async t => {
  for (const client of ['skopeo', 'umoci', 'gcc']) if (!requireClient(t, client)) return
  const folder = ociFolder(t)
  const from = `oci:${await makeImage(folder)}:v1`
  await skopeoCopy(from, `oci:${folder}/chunked:v1`, '--dest-compress-format', 'zstd:chunked')
  const blobs = join(folder, 'chunked/blobs/sha256')
  const documents = readdirSync(blobs).map(name => readFileSync(join(blobs, name)))
  const manifest = documents.find(bytes => bytes.toString('latin1').includes('"layers":['))
  const { layers } = JSON.parse(manifest?.toString() ?? '') as {
    layers: Array<{ digest: string; annotations: Record<string, string> }>
  }
  for (const { digest, annotations } of layers) {
    const bytes = readFileSync(join(blobs, digest.replace('sha256:', '')))
    for (const prefix of ['io.containers.', 'io.github.containers.']) {
      const renamed = Object.entries(annotations).map(
        ([name, text]) => [name.replace('io.containers.', prefix), text] as const
      )
      const { index } = await indexOf({ bytes, annotations: Object.fromEntries(renamed) })
      t.strictSame(await Promise.all(listed(index!).map(shown)), await unpacked(bytes))
    }
  }
})

t.test('nothing is given out that is not as the descriptor and the index say', async t => {
  const layer = await stargzLayer(entries, { chunkBytes: 4000 })
  const { index } = await indexOf(layer)
  const read = (bytes: Buffer) => (start: number, end: number) =>
    inPieces(bytes.subarray(start, end))
  for (let at = 0; at < layer.bytes.length; at += 97) {
    const bytes = Buffer.from(layer.bytes)
    bytes[at] = bytes[at]! ^ 0xff
    const { size, annotations } = { size: bytes.length, annotations: layer.annotations }
    const damaged = await readLayerIndex({ size, annotations }, read(bytes)).catch(() => undefined)
    for (const [number, entry] of (damaged?.entries ?? []).entries()) {
      const good = await shown(index!.entries[number]!)
      await shown(entry).then(
        found => t.strictSame(found, good, `byte ${at}, ${entry.path}`),
        cause => t.match(cause.message, /./, 'or it is told')
      )
    }
  }
  for (const cut of [1, 50, 51, 52, 500, layer.bytes.length]) {
    const bytes = layer.bytes.subarray(0, layer.bytes.length - cut)
    await t.rejects(indexOf({ ...layer, bytes }), { code: 'corrupt' }, `cut by ${cut}`)
  }
  const other = { 'containerd.io/snapshot/stargz/toc.digest': digest256('other') }
  await t.rejects(indexOf({ ...layer, annotations: other }), { code: 'mismatch' })
})

t.test('a hostile index has nothing but names, or is none', async t => {
  const file = (toc: Toc) => toc.entries.find(({ name }) => name === './etc/long')!
  const named: Array<[string, (toc: Toc) => void]> = [
    ['its bytes lie nowhere', toc => delete file(toc).offset],
    ['beyond the layer', toc => Object.assign(file(toc), { offset: 2 ** 40 })],
    ['before it', toc => Object.assign(file(toc), { offset: -1 })],
    ['in no chunk', toc => Object.assign(file(toc), { chunkSize: 4 })],
    ['in chunks that are too long', toc => Object.assign(file(toc), { chunkSize: 2 ** 40 })],
    ['after more than fits in memory', toc => Object.assign(file(toc), { innerOffset: 2 ** 40 })],
    ['under no digest', toc => delete file(toc).chunkDigest],
    ['under a weak one', toc => Object.assign(file(toc), { chunkDigest: 'md5:00' })],
    ['it is too large', toc => Object.assign(file(toc), { size: 2 ** 50 })],
    ['it has no size', toc => Object.assign(file(toc), { size: 18_001 })]
  ]
  for (const [name, edit] of named) {
    const { index } = await indexOf(await stargzLayer(entries, { chunkBytes: 4000, edit }))
    const found = index?.entries.find(({ path }) => path === 'etc/long')
    t.match(found, { later: true, content: undefined }, name)
  }
  const none: Array<[string, (toc: Toc) => void]> = [
    ['a kind that there is not', toc => Object.assign(file(toc), { type: 'socket' })],
    ['one of every object', toc => Object.assign(file(toc), { type: 'constructor' })],
    ['a name that is none', toc => Object.assign(file(toc), { name: 7 })],
    ['an entry that is none', toc => toc.entries.push(null as never)],
    ['a chunk of nothing', toc => toc.entries.unshift({ name: 'x', type: 'chunk' })],
    ['a chunk of another', toc => toc.entries.push({ name: 'x', type: 'chunk' })],
    ['no entries', toc => Object.assign(toc, { entries: 'x' })]
  ]
  for (const [name, edit] of none) {
    const layer = await stargzLayer(entries, { edit })
    await t.rejects(indexOf(layer), { code: 'corrupt' }, name)
  }
  const packed = zstdCompressSync(Buffer.alloc(1_000_000))
  const chunked = (position: string) => ({
    'io.containers.zstd-chunked.manifest-checksum': digest256(packed),
    'io.containers.zstd-chunked.manifest-position': position
  })
  const { length } = packed
  for (const position of [
    `0:${length}:10:1`,
    `0:${length + 1}:10:1`,
    `0:${length}:${2 ** 40}:1`,
    `0:${length}:10:2`,
    '-1:1:1:1',
    'x'
  ]) {
    const layer = { bytes: packed, annotations: chunked(position) }
    await t.rejects(indexOf(layer), /corrupt|index|larger|Buffer/i, position)
  }
})
