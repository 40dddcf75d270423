import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import t from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { toName } from '../../src/base/names.ts'
import { exportPath } from '../../src/ingest/export-path.ts'
import type { Metadata, Node } from '../../src/unixfs/api.ts'
import { dataType, encodeData } from '../../src/unixfs/encode-data.ts'
import { encodeNode } from '../../src/unixfs/encode-node.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { scratch } from '../lib/ingest-home.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

/** What an export that fails, or that is asked to overwrite, may not do to what is there. */

const MiB = 1024 * 1024

function world() {
  const blocks = memoryBlocks()
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const file = (bytes: Uint8Array, metadata: Metadata = {}): Node => {
    const builder = writer.file()
    builder.write(bytes)
    return builder.finish(metadata)
  }
  return { blocks, writer, file, reader: openUnixfsReader(blocks) }
}

function cidOf({ codec: code, multihash }: Node): CID {
  return makeCid(code, multihash)
}

/** A file of four leaves, the third of which is not here. */
function brokenFile() {
  const { blocks, file, reader } = world()
  const bytes = seededBytes(4 * MiB, 'broken')
  const cid = cidOf(file(bytes, { mode: 0o640 }))
  blocks.drop(sha256Multihash(bytes.subarray(2 * MiB, 3 * MiB)))
  return { cid, reader }
}

t.test('an export that fails leaves no half of a file', async t => {
  const folder = scratch(t)
  const { cid, reader } = brokenFile()
  await t.rejects(exportPath(cid, join(folder, 'x'), reader), { code: 'missing' })
  t.same(readdirSync(folder), [])
})

t.test('an export that is called off leaves no half of a file', async t => {
  const folder = scratch(t)
  const { file, reader } = world()
  const cid = cidOf(file(seededBytes(4 * MiB, 'long')))
  const controller = new AbortController()
  const options = { signal: controller.signal, onProgress: () => controller.abort() }
  await t.rejects(exportPath(cid, join(folder, 'x'), reader, options), { code: 'aborted' })
  t.same(readdirSync(folder), [])
})

t.test('overwriting a file replaces it when all of the new one is there, not before', async t => {
  const folder = scratch(t)
  const { cid, reader } = brokenFile()
  const path = join(folder, 'precious')
  writeFileSync(path, 'mine')
  const overwrite = { overwrite: true }
  await t.rejects(exportPath(cid, path, reader, overwrite), { code: 'missing' })
  t.equal(readFileSync(path, 'utf8'), 'mine')
  t.same(readdirSync(folder), ['precious'])
  const good = world()
  await exportPath(cidOf(good.file(Buffer.from('new'))), path, good.reader, overwrite)
  t.equal(readFileSync(path, 'utf8'), 'new')
  const link = good.writer.symlink(Buffer.from('elsewhere'))
  await exportPath(cidOf(link), path, good.reader, overwrite)
  t.equal(readlinkSync(path), 'elsewhere')
  t.same(readdirSync(folder), ['precious'])
})

t.test('a folder with things in it is never replaced by a file or a symlink', async t => {
  const folder = scratch(t)
  const { file, writer, reader } = world()
  const inTheWay = join(folder, 'documents')
  mkdirSync(inTheWay)
  writeFileSync(join(inTheWay, 'thesis'), 'mine')
  const overwrite = { overwrite: true }
  for (const node of [file(Buffer.from('x')), writer.symlink(Buffer.from('x'))]) {
    const exporting = exportPath(cidOf(node), inTheWay, reader, overwrite)
    const expected = { code: 'not-empty', message: /documents is a folder with things in it/ }
    await t.rejects(exporting, expected)
    t.same(readdirSync(inTheWay), ['thesis'])
  }
  rmSync(join(inTheWay, 'thesis'))
  await exportPath(cidOf(file(Buffer.from('x'))), inTheWay, reader, overwrite)
  t.ok(lstatSync(inTheWay).isFile(), 'an empty one is')
})

t.test('a file of private mode is private while it is written', async t => {
  const folder = scratch(t)
  const { file, reader } = world()
  const cid = cidOf(file(seededBytes(3 * MiB, 'secret'), { mode: 0o600 }))
  const modes = new Set<number>()
  const onProgress = () => {
    for (const name of readdirSync(folder)) modes.add(statSync(join(folder, name)).mode & 0o077)
  }
  const umask = process.umask(0o022)
  await exportPath(cid, join(folder, 'x'), reader, { onProgress })
  process.umask(umask)
  t.same([...modes], [0])
})

t.test('times before 1970 come out as they were', async t => {
  const folder = scratch(t)
  const { file, writer, reader } = world()
  const time = { mtimeSeconds: -6, mtimeNanoseconds: 750_000_000 }
  const links = [
    { ...file(Buffer.from('x'), time), name: toName('file') },
    { ...writer.symlink(Buffer.from('x'), time), name: toName('link') }
  ]
  const root = join(folder, 'root')
  await exportPath(cidOf(writer.directory(links, time)), root, reader)
  for (const path of [root, join(root, 'file'), join(root, 'link')]) {
    t.equal(lstatSync(path, { bigint: true }).mtimeNs, -5_250_000_000n)
  }
})

t.test('a file that claims more than the disk has is refused before it fills it', async t => {
  const folder = scratch(t)
  const { blocks, reader } = world()
  let node = {
    codec: codec.raw as number,
    multihash: blocks.add(new Uint8Array(MiB)),
    cidVersion: 1 as const,
    dagBytes: MiB
  }
  let bytes = MiB
  for (let level = 0; level < 3; level++) {
    const blockBytes = Array.from({ length: 1024 }, () => bytes)
    const data = encodeData({ type: dataType.file, blockBytes })
    const children = Array.from({ length: 1024 }, () => node)
    node = { ...node, codec: codec.dagPb, multihash: blocks.add(encodeNode(children, data)) }
    bytes *= 1024
  }
  const exporting = exportPath(makeCid(node.codec, node.multihash), join(folder, 'x'), reader)
  await t.rejects(exporting, { code: 'no-space', message: /x needs 1125899906842624 bytes/ })
  t.same(readdirSync(folder), [])
})
