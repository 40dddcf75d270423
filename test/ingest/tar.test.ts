import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { pack } from 'tar-stream'
import { limits } from '../../src/base/limits.ts'
import { nameText } from '../../src/base/names.ts'
import type { ImportOptions } from '../../src/ingest/api.ts'
import { openIngest } from '../../src/ingest/open.ts'
import type { DirectoryLink, UnixfsReader } from '../../src/unixfs/api.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { scratch } from '../lib/ingest-home.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

const plain: ImportOptions = { profile: 'unixfs-v1-2025', metadata: false }

async function* inPieces(bytes: Uint8Array, length = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length)
}

type TarHeader = Parameters<ReturnType<typeof pack>['entry']>[0]

async function tarOf(entries: ReadonlyArray<TarHeader & { content?: string }>): Promise<Buffer> {
  const archive = pack()
  for (const { content = '', ...header } of entries) archive.entry(header, content)
  archive.finalize()
  const parts: Uint8Array[] = []
  for await (const part of archive) parts.push(part as Uint8Array)
  return Buffer.concat(parts)
}

/** Every path of a tree with what is there: a file's text, `-> target`, or `/`. */
function treeOf(reader: UnixfsReader, root: Pick<DirectoryLink, 'codec' | 'multihash'>) {
  const tree: Record<string, string> = {}
  const visit = (link: Pick<DirectoryLink, 'codec' | 'multihash'>, path: string): void => {
    const { kind, bytes } = reader.infoOf(link.codec, link.multihash)
    if (kind === 'symlink') {
      tree[path] = `-> ${Buffer.from(reader.readSymlink(link.codec, link.multihash))}`
    } else if (kind === 'file') {
      const target = Buffer.alloc(bytes)
      reader.readFile(link.codec, link.multihash, target, 0)
      tree[path] = target.toString()
    } else {
      tree[`${path}/`] = '/'
      for (const entry of reader.list(link.codec, link.multihash)) {
        visit(entry, `${path}/${nameText(entry.name)}`)
      }
    }
  }
  visit(root, '')
  return tree
}

async function importTree(entries: ReadonlyArray<TarHeader & { content?: string }>) {
  const blocks = memoryBlocks()
  const archive = await tarOf(entries)
  const imported = await openIngest({ blocks }).importTar(inPieces(archive), plain)
  return { imported, tree: treeOf(openUnixfsReader(blocks), imported.node) }
}

t.test('an archive that tar made has the CID of the folder it was made of', async t => {
  const folder = scratch(t)
  const source = join(folder, 'source')
  mkdirSync(join(source, 'a', 'b'), { recursive: true })
  mkdirSync(join(source, 'empty'))
  writeFileSync(join(source, 'a', 'one'), 'one')
  chmodSync(join(source, 'a', 'one'), 0o755)
  linkSync(join(source, 'a', 'one'), join(source, 'a', 'same'))
  writeFileSync(join(source, 'a', 'b', 'large'), seededBytes(3_000_000, 'large'))
  writeFileSync(join(source, 'n'.repeat(200)), 'a long name')
  writeFileSync(join(source, 'naïve ☃'), 'text')
  symlinkSync('../a/one', join(source, 'empty', 'link'))
  const ingest = openIngest({ blocks: memoryBlocks() })
  const expected = await ingest.importPath(source, plain)
  for (const format of ['gnu', 'pax', 'ustar']) {
    const archive = join(folder, `${format}.tar`)
    const name = format === 'ustar' ? ['--exclude', 'nnn*'] : []
    execFileSync('tar', ['-cf', archive, `--format=${format}`, ...name, '-C', source, '.'])
    if (format === 'ustar') rmSync(join(source, 'n'.repeat(200)))
    const same = format === 'ustar' ? await ingest.importPath(source, plain) : expected
    const imported = await ingest.importTar(inPieces(readFileSync(archive)), plain)
    t.equal(imported.cid.toString(), same.cid.toString(), format)
    t.same(imported.warnings, [])
  }
})

t.test('mode and mtime of an archive are recorded when asked for', async t => {
  const archive = await tarOf([
    { name: 'd/', type: 'directory', mode: 0o700, mtime: new Date(5000) },
    { name: 'd/f', mode: 0o640, mtime: new Date(7000), content: 'x' }
  ])
  const blocks = memoryBlocks()
  const options = { ...plain, metadata: true }
  const { node } = await openIngest({ blocks }).importTar(inPieces(archive), options)
  const reader = openUnixfsReader(blocks)
  const [directory] = reader.list(node.codec, node.multihash)
  t.match(reader.infoOf(directory!.codec, directory!.multihash), { mode: 0o700, mtimeSeconds: 5 })
  const [file] = reader.list(directory!.codec, directory!.multihash)
  t.match(reader.infoOf(file!.codec, file!.multihash), { mode: 0o640, mtimeSeconds: 7 })
})

t.test('a later entry replaces an earlier one of its path', async t => {
  const { tree, imported } = await importTree([
    { name: 'f', content: 'first' },
    { name: './f', content: 'second' },
    { name: 'd/x', content: 'x' },
    { name: 'd', type: 'directory' },
    { name: 'g', type: 'directory' },
    { name: 'g', content: 'now a file' }
  ])
  t.same(tree, { '/': '/', '/f': 'second', '/d/': '/', '/d/x': 'x', '/g': 'now a file' })
  t.equal(imported.directories, 2)
})

t.test('a hard link is the file it names', async t => {
  const { tree } = await importTree([
    { name: 'f', content: 'same' },
    { name: 'd/g', type: 'link', linkname: 'f' },
    { name: 'h', type: 'link', linkname: './d/g' }
  ])
  t.same(tree, { '/': '/', '/f': 'same', '/d/': '/', '/d/g': 'same', '/h': 'same' })
})

const hostile: Record<string, ReadonlyArray<TarHeader & { content?: string }>> = {
  'a path with ..': [{ name: '../up', content: 'x' }],
  'a path with .. inside': [{ name: 'a/../../up', content: 'x' }],
  'an absolute path': [{ name: '/etc/cron.d/x', content: 'x' }],
  'a path through a symlink': [
    { name: 'out', type: 'symlink', linkname: '/etc' },
    { name: 'out/x', content: 'x' }
  ],
  'a directory through a symlink': [
    { name: 'out', type: 'symlink', linkname: '/etc' },
    { name: 'out/x', type: 'directory' }
  ],
  'a path through a file': [
    { name: 'f', content: 'x' },
    { name: 'f/x', content: 'x' }
  ],
  'the root as a file': [{ name: '.', content: 'x' }],
  'a hard link to nothing': [{ name: 'h', type: 'link', linkname: 'nothing' }],
  'a hard link out of it': [{ name: 'h', type: 'link', linkname: '../../etc/passwd' }],
  'a hard link to a directory': [
    { name: 'd', type: 'directory' },
    { name: 'h', type: 'link', linkname: 'd' }
  ],
  'a name of 300 bytes': [{ name: 'n'.repeat(300), content: 'x' }],
  'a path of 5000 bytes': [{ name: 'nn/'.repeat(1700), type: 'directory' }]
}

for (const [what, entries] of Object.entries(hostile)) {
  t.test(`refused: ${what}`, async t => {
    await t.rejects(importTree(entries), { name: 'CairnError', code: 'invalid' })
  })
}

t.test('devices and fifos are left out and named', async t => {
  const { tree, imported } = await importTree([
    { name: 'null', type: 'character-device', devmajor: 1, devminor: 3 },
    { name: 'pipe', type: 'fifo' },
    { name: 'f', content: 'x' }
  ])
  t.same(tree, { '/': '/', '/f': 'x' })
  t.match(imported.warnings, [/null: it is a character-device/, /pipe: it is a fifo/])
})

t.test('a symlink keeps whatever target it has', async t => {
  const { tree } = await importTree([{ name: 'l', type: 'symlink', linkname: '/etc/../passwd' }])
  t.same(tree, { '/': '/', '/l': '-> /etc/../passwd' })
})

t.test('an archive cut off anywhere fails or says that it may be', async t => {
  const archive = await tarOf([
    { name: 'f', content: 'x'.repeat(3000) },
    { name: 'g', content: 'y'.repeat(700) }
  ])
  const ingest = openIngest({ blocks: memoryBlocks() })
  const whole = await ingest.importTar(inPieces(archive), plain)
  t.same(whole.warnings, [])
  const end = archive.length - 1024
  for (let length = 1; length <= end; length += 100) {
    const importing = ingest.importTar(inPieces(archive.subarray(0, length)), plain)
    await t.rejects(importing, { code: 'invalid' }, `${length} bytes`)
  }
  const cut = await ingest.importTar(inPieces(archive.subarray(0, end)), plain)
  t.match(cut.warnings, [/no end marker/])
})

t.test('what is no archive is refused', async t => {
  const ingest = openIngest({ blocks: memoryBlocks() })
  const importing = ingest.importTar(inPieces(seededBytes(10_000, 'noise')), plain)
  await t.rejects(importing, { code: 'invalid', message: /damaged/ })
})

t.test('a source that fails is the failure, not a damaged archive', async t => {
  const archive = await tarOf([{ name: 'f', content: 'x'.repeat(5000) }])
  for (const length of [100, 2000]) {
    const failing = async function* () {
      yield archive.subarray(0, length)
      throw Object.assign(new Error('unplugged'), { code: 'EACCES' })
    }
    const importing = openIngest({ blocks: memoryBlocks() }).importTar(failing(), plain)
    await t.rejects(importing, { code: 'denied', message: /unplugged/ })
  }
})

/** Gives some bytes and then never anything. */
async function* stalling(bytes: Uint8Array, stalled: () => void): AsyncGenerator<Uint8Array> {
  yield bytes
  stalled()
  await new Promise(() => undefined)
}

t.test('an abort ends the import of a source that never goes on', async t => {
  const archive = await tarOf([{ name: 'f', content: 'x'.repeat(5000) }])
  const ingest = openIngest({ blocks: memoryBlocks() })
  for (const kind of ['importTar', 'importStream'] as const) {
    for (const bytes of [archive.subarray(0, 2000), new Uint8Array(0)]) {
      const controller = new AbortController()
      const { signal } = controller
      const source = stalling(bytes, () => controller.abort())
      await t.rejects(ingest[kind](source, { ...plain, signal }), { code: 'aborted' })
    }
  }
})

t.test('a stream is one file, with metadata if asked for', async t => {
  const blocks = memoryBlocks()
  const ingest = openIngest({ blocks })
  const hello = await ingest.importStream(inPieces(Buffer.from('hello world'), 3), plain)
  t.equal(hello.cid.toString(), 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
  t.match(hello, { files: 1, bytes: 11, directories: 0 })
  const empty = await ingest.importStream(inPieces(new Uint8Array(0)), plain)
  t.equal(empty.cid.toString(), 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
  const how = { ...plain, metadata: true, mode: 0o600, mtimeSeconds: 9 }
  const { node } = await ingest.importStream(inPieces(Buffer.from('x')), how)
  const info = openUnixfsReader(blocks).infoOf(node.codec, node.multihash)
  t.match(info, { mode: 0o600, mtimeSeconds: 9, bytes: 1 })
})

t.test('an archive of endless entries is given up', async t => {
  // In a process of its own: tap's hooks make a million awaits slow.
  const program = join(scratch(t), 'endless.mjs')
  const from = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)
  writeFileSync(
    program,
    `import { openIngest } from ${from('../../src/ingest/open.ts')}
    import { memoryBlocks } from ${from('../lib/memory-blocks.ts')}
    async function* endless() {
      for (let count = 0; count < ${limits.unpackedEntries + 10}; count++) {
        yield { path: 'd', kind: 'directory', mode: 0o755, mtimeSeconds: 0 }
      }
    }
    const options = { profile: 'unixfs-v1-2025', metadata: false }
    await openIngest({ blocks: memoryBlocks() })
      .importEntries(endless(), options)
      .catch(({ code }) => process.stdout.write(code))`
  )
  t.equal(execFileSync(process.execPath, [program]).toString(), 'out-of-range')
})
