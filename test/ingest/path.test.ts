import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { nameText, toName } from '../../src/base/names.ts'
import type { ImportOptions, Progress } from '../../src/ingest/api.ts'
import { openIngest } from '../../src/ingest/open.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { makeTree, openIngestHome, scratch } from '../lib/ingest-home.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

const plain: ImportOptions = { profile: 'unixfs-v1-2025', metadata: false }
const MiB = 1024 * 1024

t.test('what was imported is read back, by any reader, at once', async t => {
  const folder = scratch(t)
  makeTree(folder)
  const home = openIngestHome(2)
  const { cid } = await home.ingest.importPath(folder, plain)
  const { multihash } = cid
  const large = home.reader.lookup(cid.code, multihash.bytes, toName('large'))
  t.ok(large)
  const target = new Uint8Array(41 * MiB)
  t.equal(home.reader.readFile(large!.codec, large!.multihash, target, 0), 40 * MiB)
  t.ok(readFileSync(join(folder, 'large')).equals(target.subarray(0, 40 * MiB)))
  const link = home.reader.lookup(cid.code, multihash.bytes, toName('link'))
  const linkTarget = home.reader.readSymlink(link!.codec, link!.multihash)
  t.equal(Buffer.from(linkTarget).toString(), '../nowhere at all')
  await home.close()
})

t.test('only-hash gives the same CID and stores nothing', async t => {
  const folder = scratch(t)
  makeTree(folder)
  const home = openIngestHome(2)
  const hashed = await home.ingest.importPath(folder, { ...plain, onlyHash: true })
  t.equal(home.store.statistics().blocks, 0)
  const stored = await home.ingest.importPath(folder, plain)
  t.equal(hashed.cid.toString(), stored.cid.toString())
  t.ok(home.store.statistics().blocks > 900)
  await home.close()
})

t.test('mode and mtime are recorded when asked for, to the nanosecond and before 1970', async t => {
  const folder = scratch(t)
  writeFileSync(join(folder, 'script'), '#!/bin/sh\n')
  chmodSync(join(folder, 'script'), 0o4751)
  execFileSync('touch', ['-d', '@1234567890.123456789', join(folder, 'script')])
  writeFileSync(join(folder, 'old'), 'old')
  execFileSync('touch', ['-d', '@-5.25', join(folder, 'old')])
  const blocks = memoryBlocks()
  const { cid } = await openIngest({ blocks }).importPath(folder, { ...plain, metadata: true })
  const reader = openUnixfsReader(blocks)
  const info = (name: string) => {
    const link = reader.lookup(cid.code, cid.multihash.bytes, toName(name))!
    return reader.infoOf(link.codec, link.multihash)
  }
  t.match(info('script'), {
    mode: 0o4751,
    mtimeSeconds: 1234567890,
    mtimeNanoseconds: 123456789,
    bytes: 10
  })
  t.match(info('old'), { mtimeSeconds: -6, mtimeNanoseconds: 750_000_000 })
  const { mtimeMs } = statSync(folder)
  t.equal(reader.info(cid).mtimeSeconds, Math.floor(mtimeMs / 1000))
})

t.test('a single file, an empty file and a symlink are roots themselves', async t => {
  const folder = scratch(t)
  writeFileSync(join(folder, 'hello'), 'hello world')
  writeFileSync(join(folder, 'empty'), '')
  symlinkSync('hello', join(folder, 'link'))
  const blocks = memoryBlocks()
  const ingest = openIngest({ blocks })
  const hello = await ingest.importPath(join(folder, 'hello'), plain)
  t.equal(hello.cid.toString(), 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
  const empty = await ingest.importPath(join(folder, 'empty'), plain)
  t.equal(empty.cid.toString(), 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
  const link = await ingest.importPath(join(folder, 'link'), plain)
  t.equal(openUnixfsReader(blocks).info(link.cid).kind, 'symlink')
  t.match(link, { files: 0, symlinks: 1 })
})

t.test('names that are not UTF-8 are imported as the bytes they are', async t => {
  const folder = scratch(t)
  const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff, 0xe9])])
  writeFileSync(name, 'odd')
  const blocks = memoryBlocks()
  const { cid } = await openIngest({ blocks }).importPath(folder, plain)
  const [entry] = openUnixfsReader(blocks).list(cid.code, cid.multihash.bytes)
  t.equal(entry?.name, 'f\xff\xe9')
})

t.test('sockets and fifos are left out and named', async t => {
  const folder = scratch(t)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const server = createServer().listen(join(folder, 'socket'))
  await once(server, 'listening')
  t.teardown(() => server.close())
  writeFileSync(join(folder, 'file'), 'x')
  const blocks = memoryBlocks()
  const ingest = openIngest({ blocks })
  const { cid, warnings } = await ingest.importPath(folder, plain)
  const names = openUnixfsReader(blocks).list(cid.code, cid.multihash.bytes)
  t.same(
    names.map(({ name }) => nameText(name)),
    ['file']
  )
  t.match(warnings, [/pipe: it is a fifo/, /socket: it is a socket/])
  t.equal(warnings.length, 2)
  await t.rejects(ingest.importPath(join(folder, 'pipe'), plain), { code: 'invalid' })
})

t.test('what cannot be read fails and is named', async t => {
  const folder = scratch(t)
  const ingest = openIngest({ blocks: memoryBlocks() })
  const absent = join(folder, 'absent')
  await t.rejects(ingest.importPath(absent, plain), { code: 'not-found', message: /absent/ })
  writeFileSync(join(folder, 'secret'), 'x', { mode: 0o000 })
  chmodSync(folder, 0o755)
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid?.(65534)
  try {
    await t.rejects(ingest.importPath(folder, plain), { code: 'denied', message: /secret/ })
  } finally {
    if (isRoot) process.seteuid?.(0)
  }
})

t.test('a file that changes while it is read fails the import, however it changes', async t => {
  const folder = scratch(t)
  const path = join(folder, 'log')
  const changes = {
    grows: () => appendFileSync(path, 'more'),
    shrinks: () => writeFileSync(path, 'x'),
    'is overwritten': () => utimesSync(path, 1, 1)
  }
  for (const [what, change] of Object.entries(changes)) {
    writeFileSync(path, seededBytes(5 * MiB, 'log'))
    const blocks = memoryBlocks()
    let changed = false
    const ingest = openIngest({
      blocks: {
        add: (bytes, code) => {
          if (!changed) change()
          changed = true
          return blocks.add(bytes, code)
        },
        flush: () => undefined
      }
    })
    const expected = { code: 'conflict', message: /log changed while/ } as const
    await t.rejects(ingest.importPath(folder, plain), expected, what)
  }
})

t.test('progress counts up to all there is', async t => {
  const folder = scratch(t)
  makeTree(folder)
  const home = openIngestHome(2)
  const seen: Progress[] = []
  const onProgress = (progress: Progress): void => {
    seen.push(progress)
  }
  const imported = await home.ingest.importPath(folder, { ...plain, onProgress })
  const last = seen.at(-1)!
  t.match(last, { files: 902, filesFound: 902, bytes: imported.bytes, complete: true })
  for (const [index, { bytes, files }] of seen.entries()) {
    const before = seen[index - 1]
    if (before && (before.bytes > bytes || before.files > files)) t.fail('progress went back')
  }
  seen.length = 0
  await home.ingest.importPath(join(folder, 'large'), { ...plain, onProgress })
  t.match(seen.at(-1), { bytes: 40 * MiB, totalBytes: 40 * MiB, files: 1 })
  await home.close()
})
