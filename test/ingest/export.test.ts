import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { type Name, toName } from '../../src/base/names.ts'
import { exportPath } from '../../src/ingest/export-path.ts'
import { exportTar } from '../../src/ingest/export-tar.ts'
import { openIngest } from '../../src/ingest/open.ts'
import { dataType, encodeData } from '../../src/unixfs/encode-data.ts'
import { encodeNode } from '../../src/unixfs/encode-node.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { scratch } from '../lib/ingest-home.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

const withMetadata = { profile: 'unixfs-v1-2025', metadata: true } as const

function makeSource(folder: string): string {
  const source = join(folder, 'source')
  mkdirSync(join(source, 'deep', 'er'), { recursive: true })
  writeFileSync(join(source, 'deep', 'er', 'large'), seededBytes(2_500_000, 'large'))
  writeFileSync(join(source, 'script'), '#!/bin/sh\n')
  writeFileSync(join(source, 'empty'), '')
  chmodSync(join(source, 'script'), 0o755)
  symlinkSync('deep/er/large', join(source, 'link'))
  chmodSync(join(source, 'deep'), 0o555)
  const entries = ['', 'deep', 'deep/er', 'deep/er/large', 'script', 'empty', 'link']
  for (const [index, entry] of entries.entries()) {
    execFileSync('touch', ['-h', '-d', `@${1_000_000_000 + index}.5`, join(source, entry)])
  }
  return source
}

async function imported(source: string) {
  const blocks = memoryBlocks()
  const { cid } = await openIngest({ blocks }).importPath(source, withMetadata)
  return { cid, blocks, reader: openUnixfsReader(blocks) }
}

t.test('a folder comes out as it went in: bytes, links, modes and times', async t => {
  const folder = scratch(t)
  const { cid, reader } = await imported(makeSource(folder))
  const target = join(folder, 'target')
  const progress: number[] = []
  const result = await exportPath(cid, target, reader, {
    onProgress: ({ bytes }) => {
      progress.push(bytes)
    }
  })
  t.same(result, { files: 3, directories: 3, symlinks: 1, bytes: 2_500_010 })
  t.equal(progress.at(-1), 2_500_010)
  execFileSync('diff', ['-r', '--no-dereference', join(folder, 'source'), target])
  t.equal(statSync(join(target, 'script')).mode & 0o7777, 0o755)
  t.equal(statSync(join(target, 'deep')).mode & 0o7777, 0o555)
  t.equal(statSync(join(target, 'deep')).mtimeMs, 1_000_000_001_500)
  t.equal(lstatSync(join(target, 'link')).mtimeMs, 1_000_000_006_500)
  const again = await openIngest({ blocks: memoryBlocks() }).importPath(target, withMetadata)
  t.equal(again.cid.toString(), cid.toString())
})

t.test('a file and a symlink become the target itself', async t => {
  const folder = scratch(t)
  const source = makeSource(folder)
  for (const name of ['script', 'link']) {
    const { cid, reader } = await imported(join(source, name))
    await exportPath(cid, join(folder, name), reader)
  }
  t.equal(readFileSync(join(folder, 'script'), 'utf8'), '#!/bin/sh\n')
  t.equal(readlinkSync(join(folder, 'link')), 'deep/er/large')
})

t.test('what is there is not touched unless asked', async t => {
  const folder = scratch(t)
  const { cid, reader } = await imported(makeSource(folder))
  const target = join(folder, 'target')
  mkdirSync(target)
  writeFileSync(join(target, 'script'), 'mine')
  const exporting = exportPath(cid, target, reader)
  await t.rejects(exporting, { code: 'exists', message: /target is there already/ })
  t.same(readdirSync(target), ['script'])
  writeFileSync(join(target, 'other'), 'stays')
  await exportPath(cid, target, reader, { overwrite: true })
  t.equal(readFileSync(join(target, 'script'), 'utf8'), '#!/bin/sh\n')
  t.equal(readFileSync(join(target, 'other'), 'utf8'), 'stays')
})

t.test('nothing is written through a symlink that lies in the target', async t => {
  const folder = scratch(t)
  const { cid, reader } = await imported(makeSource(folder))
  const outside = join(folder, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'victim'), 'mine')
  const target = join(folder, 'target')
  mkdirSync(target)
  symlinkSync(outside, join(target, 'deep'))
  symlinkSync(join(outside, 'victim'), join(target, 'script'))
  await exportPath(cid, target, reader, { overwrite: true })
  t.same(readdirSync(outside), ['victim'])
  t.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'mine')
  t.ok(lstatSync(join(target, 'deep')).isDirectory())
  t.ok(lstatSync(join(target, 'script')).isFile())
})

t.test('a DAG cannot write outside of the target', async t => {
  const folder = scratch(t)
  const blocks = memoryBlocks()
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const file = writer.file()
  file.write(Buffer.from('evil'))
  const evil = file.finish()
  const inner = writer.directory([{ ...evil, name: toName('planted') }])
  const link = writer.symlink(Buffer.from(folder))
  const named = [
    { ...link, name: toName('a') },
    { ...inner, name: toName('a') },
    { ...evil, name: '../planted' as Name },
    { ...evil, name: '/planted' as Name },
    { ...inner, name: '..' as Name }
  ]
  for (const links of [named, [named[1]!, named[0]!, ...named.slice(2)]]) {
    const root = blocks.add(encodeNode(links, encodeData({ type: dataType.directory })))
    const cid = makeCid(codec.dagPb, root)
    const target = join(folder, `target-${links[0] === named[0]}`)
    await exportPath(cid, target, openUnixfsReader(blocks), { overwrite: true })
    t.same(readdirSync(target), ['a'])
  }
  t.notOk(existsSync(join(folder, 'planted')))
})

t.test('set-id bits are not given out', async t => {
  const folder = scratch(t)
  const blocks = memoryBlocks()
  const builder = openUnixfsWriter(blocks, profiles['unixfs-v1-2025']).file()
  const { codec: code, multihash } = builder.finish({ mode: 0o6755 })
  await exportPath(makeCid(code, multihash), join(folder, 'f'), openUnixfsReader(blocks))
  t.equal(statSync(join(folder, 'f')).mode & 0o7777, 0o755)
})

t.test('a block that is not here stops the export with what is wanted', async t => {
  const folder = scratch(t)
  const cid = makeCid(codec.dagPb, sha256Multihash(Buffer.from('elsewhere')))
  const reader = openUnixfsReader(memoryBlocks())
  const want = { kind: 'block', id: cid.toString() } as const
  await t.rejects(exportPath(cid, join(folder, 'x'), reader), { code: 'missing', want })
  const archive = exportTar(cid, reader)
  await t.rejects(archive.next(), { code: 'missing', want })
})

t.test('an export can be called off', async t => {
  const folder = scratch(t)
  const { cid, reader } = await imported(makeSource(folder))
  const controller = new AbortController()
  const options = { signal: controller.signal, onProgress: () => controller.abort() }
  const aborted = { code: 'aborted' } as const
  await t.rejects(exportPath(cid, join(folder, 'x'), reader, options), aborted)
  const consume = async (): Promise<void> => {
    for await (const _piece of exportTar(cid, reader, options));
  }
  await t.rejects(consume(), aborted)
})

t.test('tar unpacks the archive to the same tree, and it comes back as the same CID', async t => {
  const folder = scratch(t)
  const source = makeSource(folder)
  const blocks = memoryBlocks()
  const ingest = openIngest({ blocks })
  const plain = { profile: 'unixfs-v1-2025', metadata: false } as const
  const { cid } = await ingest.importPath(source, plain)
  const reader = openUnixfsReader(blocks)
  const parts: Uint8Array[] = []
  for await (const piece of exportTar(cid, reader, { name: 'root' })) parts.push(piece)
  const archive = join(folder, 'archive.tar')
  writeFileSync(archive, Buffer.concat(parts))
  execFileSync('tar', ['-xf', archive, '-C', folder])
  execFileSync('diff', ['-r', '--no-dereference', source, join(folder, 'root')])
  const again = await ingest.importTar(exportTar(cid, reader, { name: '.' }), plain)
  t.equal(again.cid.toString(), cid.toString())
})

t.test('an archive that nobody reads to its end leaves nothing hanging', async t => {
  const folder = scratch(t)
  const { cid, reader } = await imported(makeSource(folder))
  for await (const piece of exportTar(cid, reader)) {
    t.ok(piece.length > 0)
    break
  }
})

t.test('a name that is not UTF-8 goes to a folder, not into tar', async t => {
  const folder = scratch(t)
  const blocks = memoryBlocks()
  const writer = openUnixfsWriter(blocks, profiles['unixfs-v1-2025'])
  const leaf = writer.symlink(Buffer.from([0x66, 0xff]))
  const root = writer.directory([{ ...leaf, name: 'f\xff' as Name }])
  const cid = makeCid(root.codec, root.multihash)
  const reader = openUnixfsReader(blocks)
  await exportPath(cid, join(folder, 'x'), reader)
  const [name] = readdirSync(join(folder, 'x'), { encoding: 'buffer' })
  t.same(name, Buffer.from([0x66, 0xff]))
  const archive = exportTar(cid, reader)
  const consume = async (): Promise<void> => {
    for await (const _piece of archive);
  }
  await t.rejects(consume(), { code: 'unsupported' })
})
