import { execFileSync } from 'node:child_process'
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { extract, pack } from 'tar-stream'
import { codec, makeCid } from '../../src/base/blocks.ts'
import { type Name, nameText } from '../../src/base/names.ts'
import type { ImportOptions, TreeEntry } from '../../src/ingest/api.ts'
import { exportTar } from '../../src/ingest/export-tar.ts'
import { openIngest } from '../../src/ingest/open.ts'
import { formatPaxTime, parsePaxTime } from '../../src/ingest/pax-time.ts'
import type { DirectoryLink } from '../../src/unixfs/api.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { scratch } from '../lib/ingest-home.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

/** Archives of the kinds that tar-stream alone would read, or write, as something else. */

const plain: ImportOptions = { profile: 'unixfs-v1-2025', metadata: false }
const exact: ImportOptions = { ...plain, metadata: true }

/** What GNU tar packs of a folder. */
function tarOf(source: string, ...options: string[]): Buffer {
  const folder = mkdtempSync(`${source}-tar-`)
  try {
    const archive = join(folder, 'archive.tar')
    execFileSync('tar', ['-cf', archive, ...options, '-C', source, '.'], { stdio: 'pipe' })
    return readFileSync(archive)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function world() {
  const blocks = memoryBlocks()
  const ingest = openIngest({ blocks })
  const importTar = (bytes: Uint8Array, options = plain) => ingest.importTar(once(bytes), options)
  const reader = openUnixfsReader(blocks)
  const names = ({ codec: code, multihash }: Pick<DirectoryLink, 'codec' | 'multihash'>) =>
    reader.list(code, multihash).map(({ name }) => name)
  return { blocks, ingest, importTar, reader, names }
}

t.test('a sparse file is refused, not taken in with its holes gone', async t => {
  const folder = scratch(t)
  for (const pieces of [1, 9]) {
    const source = join(folder, `source-${pieces}`)
    mkdirSync(source)
    for (let piece = 0; piece < pieces; piece++) {
      truncateSync(fileWith(join(source, 'image')), piece * 1024 * 1024)
      writeFileSync(join(source, 'image'), 'data', { flag: 'a' })
    }
    truncateSync(join(source, 'image'), 16 * 1024 * 1024)
    for (const format of ['gnu', 'pax']) {
      for (const version of format === 'gnu' ? ['1.0'] : ['0.0', '0.1', '1.0']) {
        const archive = tarOf(
          source,
          '--sparse',
          `--sparse-version=${version}`,
          `--format=${format}`
        )
        t.ok(archive.length < 200_000, 'tar did pack it sparse')
        const expected = { code: 'unsupported', message: /image.*sparse/ } as const
        await t.rejects(world().importTar(archive), expected, `${format} ${version} ${pieces}`)
      }
    }
  }
})

function fileWith(path: string): string {
  writeFileSync(path, '', { flag: 'a' })
  return path
}

t.test('the dump of an incremental backup is refused, a volume label left out', async t => {
  const folder = scratch(t)
  const source = join(folder, 'source')
  mkdirSync(source)
  writeFileSync(join(source, 'f'), 'x')
  const dump = tarOf(source, '--listed-incremental', join(folder, 'state'))
  await t.rejects(world().importTar(dump), { code: 'unsupported', message: /incremental/ })
  const { importTar, names } = world()
  const { node, warnings } = await importTar(tarOf(source, '--label', 'backup'))
  t.same(names(node), ['f'])
  t.match(warnings, [/left out backup: /])
})

t.test('names and link targets that are not UTF-8 are taken in as the bytes they are', async t => {
  const folder = scratch(t)
  const source = join(folder, 'source')
  mkdirSync(source)
  const bytes = (text: string) => Buffer.from(text, 'latin1')
  const names = ['caf\xe9', 'caf\xea', `${'n'.repeat(120)}\xff`]
  for (const name of names) writeFileSync(bytes(`${source}/${name}`), name)
  linkSync(bytes(`${source}/caf\xe9`), bytes(`${source}/same\xfe`))
  symlinkSync(bytes('to\xfd'), join(source, 'link'))
  const expected = await world().ingest.importPath(source, plain)
  const { cid } = await world().importTar(tarOf(source, '--format=gnu'))
  t.equal(cid.toString(), expected.cid.toString())
  const pax = world().importTar(tarOf(source, '--format=pax'))
  await t.rejects(pax, { code: 'unsupported', message: /not UTF-8.*--format=gnu/ })
})

t.test('an archive of pax format has the CID of its folder, times and modes included', async t => {
  const folder = scratch(t)
  const source = join(folder, 'source')
  mkdirSync(join(source, 'd'), { recursive: true })
  writeFileSync(join(source, 'd', 'f'), 'x', { mode: 0o640 })
  writeFileSync(join(source, 'old'), 'x')
  writeFileSync(join(source, 'future'), 'x')
  symlinkSync('f', join(source, 'd', 'link'))
  const times = {
    old: '-5.25',
    future: '4102444800.000000001',
    'd/link': '1.5',
    'd/f': '7.123456789'
  }
  for (const [name, time] of Object.entries({ ...times, d: '8.9', '': '9.1' })) {
    execFileSync('touch', ['-h', '-d', `@${time}`, join(source, name)])
  }
  const { ingest, importTar, reader } = world()
  const expected = await ingest.importPath(source, exact)
  const imported = await importTar(tarOf(source, '--format=pax'), exact)
  t.equal(imported.cid.toString(), expected.cid.toString())

  const parts: Uint8Array[] = []
  for await (const piece of exportTar(expected.cid, reader, { name: '.' })) parts.push(piece)
  const back = await importTar(Buffer.concat(parts), exact)
  t.equal(back.cid.toString(), expected.cid.toString(), 'and so has one that Cairn made')
  const archive = join(folder, 'archive.tar')
  writeFileSync(archive, Buffer.concat(parts))
  mkdirSync(join(folder, 'unpacked'))
  execFileSync('tar', ['-xf', archive, '-C', join(folder, 'unpacked')], { stdio: 'pipe' })
  const unpacked = await ingest.importPath(join(folder, 'unpacked'), exact)
  t.equal(unpacked.cid.toString(), expected.cid.toString(), 'and so has what tar unpacks of that')
})

t.test('set-id bits are not given out in an archive', async t => {
  const { blocks, reader } = world()
  const builder = openUnixfsWriter(blocks, profiles['unixfs-v1-2025']).file()
  const node = builder.finish({ mode: 0o6755 })
  const parser = extract()
  const modes: unknown[] = []
  parser.on('entry', (header, stream, next) => {
    modes.push(header.mode)
    stream.resume()
    next()
  })
  for await (const piece of exportTar(makeCid(node.codec, node.multihash), reader)) {
    parser.write(Buffer.from(piece))
  }
  t.same(modes, [0o755])
})

t.test('a time of an archive is the text that pax says, to the nanosecond', async t => {
  const times = fc.record({
    mtimeSeconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    mtimeNanoseconds: fc.nat(999_999_999)
  })
  fc.assert(fc.property(times, time => t.same(parsePaxTime(formatPaxTime(time)), time)))
  t.same(parsePaxTime('-0.5'), { mtimeSeconds: -1, mtimeNanoseconds: 500_000_000 })
  t.same(parsePaxTime('1.0000000009'), { mtimeSeconds: 1, mtimeNanoseconds: 0 })
  for (const text of ['', '-', '1e9', '0x10', 'NaN', '1.2.3', ' 1', '9'.repeat(400)]) {
    t.equal(parsePaxTime(text), undefined, text)
  }
})

t.test('an archive of GNU or v7 format keeps whole seconds, those before 1970 too', async t => {
  const folder = scratch(t)
  const source = join(folder, 'source')
  mkdirSync(source)
  for (const [name, time] of Object.entries({ old: -5, older: -2_000_000_000, f: 7, '': 9 })) {
    writeFileSync(join(source, name || 'other'), name)
    execFileSync('touch', ['-d', `@${time}`, join(source, name)])
  }
  execFileSync('touch', ['-d', '@7', join(source, 'other')])
  execFileSync('touch', ['-d', '@9', source])
  for (const format of ['gnu', 'v7']) {
    if (format === 'v7') for (const name of ['old', 'older']) rmSync(join(source, name))
    if (format === 'v7') execFileSync('touch', ['-d', '@9', source])
    const expected = await world().ingest.importPath(source, exact)
    const imported = await world().importTar(tarOf(source, `--format=${format}`), exact)
    t.equal(imported.cid.toString(), expected.cid.toString(), format)
  }
})

/** An archive of one file, a field of its header overwritten, the checksum made anew. */
async function withField(offset: number, text: string): Promise<Buffer> {
  const archive = pack()
  archive.entry({ name: 'f', mtime: new Date(0) }, 'x')
  archive.finalize()
  const parts: Uint8Array[] = []
  for await (const part of archive) parts.push(part as Uint8Array)
  const bytes = Buffer.concat(parts)
  bytes.write(text, offset, 'latin1')
  bytes.fill(' ', 148, 156)
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

t.test('a mode, size or time that is no number is a damaged archive', async t => {
  const fields = {
    'a mode in letters': [100, 'zzzzzzz '],
    'a time in letters': [136, 'zzzzzzzzzzz '],
    'a time beyond all dates': [136, '\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'],
    'a size in letters': [124, 'zzzzzzzzzzz '],
    'a size below zero': [124, '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01']
  } as const
  for (const [what, [offset, text]] of Object.entries(fields)) {
    const archive = await withField(offset, text)
    await t.rejects(world().importTar(archive, exact), { code: 'invalid' }, what)
  }
})

async function* entriesOf(
  entries: ReadonlyArray<Partial<TreeEntry> & { path: string }>
): AsyncGenerator<TreeEntry> {
  for (const entry of entries) yield { kind: 'file', mode: 0o644, mtimeSeconds: 0, ...entry }
}

t.test('a symlink to nothing at all is refused by name', async t => {
  const importing = world().ingest.importEntries(entriesOf([{ path: 'l', kind: 'symlink' }]), plain)
  await t.rejects(importing, { code: 'invalid', message: /"l"/ })
})

t.test('few entries that unfold to millions of folders are given up', async t => {
  const deep = Array.from({ length: 1000 }, (_, index) => ({
    path: `${index.toString(36)}/${'d/'.repeat(1500)}`,
    kind: 'directory' as const
  }))
  const importing = world().ingest.importEntries(entriesOf(deep), plain)
  await t.rejects(importing, { code: 'out-of-range' })
})

t.test('what is counted is what is in the tree, as when its folder is added', async t => {
  const folder = scratch(t)
  const source = join(folder, 'source')
  mkdirSync(source)
  writeFileSync(join(source, 'one'), 'same')
  linkSync(join(source, 'one'), join(source, 'two'))
  symlinkSync('one', join(source, 'link'))
  linkSync(join(source, 'link'), join(source, 'other-link'))
  const { ingest, importTar, reader } = world()
  const expected = await ingest.importPath(source, plain)
  t.match(expected, { files: 2, symlinks: 2, directories: 1, bytes: 8 })
  const { files, symlinks, directories, bytes, cid } = await importTar(tarOf(source))
  t.equal(cid.toString(), expected.cid.toString())
  t.match(expected, { files, symlinks, directories, bytes })
  const replaced = await ingest.importEntries(
    entriesOf([
      { path: 'f', content: once(Buffer.from('long ago')) },
      { path: 'f', content: once(Buffer.from('now')) },
      { path: 'g', kind: 'symlink', target: 'f' },
      { path: 'g', kind: 'link', target: 'f' }
    ]),
    plain
  )
  t.match(replaced, { files: 2, symlinks: 0, directories: 1, bytes: 6 })
  const list = reader.list(codec.dagPb, replaced.node.multihash)
  t.same(
    list.map(({ name }) => nameText(name as Name)),
    ['f', 'g']
  )
})
