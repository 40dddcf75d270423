import t from 'tap'
import { codec, makeCid } from '../../../src/base/blocks.ts'
import { type Name, nameFromBytes, toName } from '../../../src/base/names.ts'
import { profiles } from '../../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../../src/unixfs/writer.ts'
import type { Mfs } from '../../../src/vfs/mfs/api.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { memoryBlocks } from '../../lib/memory-blocks.ts'
import {
  at,
  caller,
  makeFile,
  makeFolder,
  names,
  openTree,
  place,
  readText,
  writeText
} from './open-tree.ts'

const MiB = 1024 * 1024

/** A file large enough that sealing it lets the event loop turn on the way. */
function makeLargeFile(tree: Mfs, path: string): number {
  const { ino } = tree.createFile(...place(tree, path), 0o644, caller)
  for (let piece = 0; piece < 12; piece++) tree.write(ino, Buffer.alloc(MiB, piece), piece * MiB)
  tree.releaseWriting(ino)
  return ino
}

/** Begins a seal and returns when it has read a part of what it seals. */
async function beginSeal(tree: Mfs): Promise<{ end: Promise<unknown> }> {
  const end = tree.seal()
  await new Promise(resolve => setImmediate(resolve))
  return { end }
}

const races: Array<[string, (tree: Mfs, ino: number) => void]> = [
  ['written to', (tree, ino) => writeText(tree, ino, 'LATE')],
  ['truncated', (tree, ino) => tree.change(ino, { size: 4 }, caller)],
  [
    'emptied by open',
    (tree, ino) => {
      tree.openForWriting(ino, true)
      tree.releaseWriting(ino)
    }
  ],
  ['renamed', tree => tree.rename(1, toName('large'), 1, toName('moved'), { mode: 'replace' })],
  ['linked', (tree, ino) => void tree.makeLink(ino, 1, toName('second'))],
  ['removed', tree => tree.remove(1, toName('large'))],
  [
    'given times',
    (tree, ino) => void tree.change(ino, { mtime: { seconds: 5, nanoseconds: 7 } }, caller)
  ]
]

for (const [title, act] of races) {
  t.test(`a file that is ${title} while it is sealed`, async t => {
    const { tree, database, drafts, close } = openTree(t.testdir())
    const ino = makeLargeFile(tree, 'large')
    const { end } = await beginSeal(tree)
    act(tree, ino)
    const head = () => {
      const bytes = Buffer.alloc(4)
      return [...bytes.subarray(0, tree.read(ino, bytes, 0))]
    }
    const { ctimeSeconds, ctimeNanoseconds, blocks, ...before } = tree.attributes(ino)
    const bytes = head()
    await end
    for (const moment of ['after that seal', 'after one more']) {
      t.match({ ...tree.attributes(ino) }, before, moment)
      t.same(head(), bytes, moment)
      t.same(checkMfs(database, drafts).problems, [], moment)
      await tree.seal()
    }
    t.equal(tree.isDirty(), false)
    close()
  })
}

t.test('a write through a handle closed while the seal runs is not taken for sealed', async t => {
  const { tree, close } = openTree(t.testdir())
  const ino = makeLargeFile(tree, 'large')
  tree.openForWriting(ino, false)
  const { end } = await beginSeal(tree)
  tree.write(ino, Buffer.from('LATE'), 0)
  tree.releaseWriting(ino)
  await end
  t.equal(tree.isDirty(), true)
  const bytes = Buffer.alloc(4)
  tree.read(ino, bytes, 0)
  t.equal(bytes.toString(), 'LATE')
  await tree.seal()
  tree.read(ino, bytes.fill(0), 0)
  t.equal(bytes.toString(), 'LATE')
  t.equal(tree.isDirty(), false)
  close()
})

t.test('a seal that is stopped, or finds a full disk, loses nothing', async t => {
  const memory = memoryBlocks()
  let full = false
  const blocks = {
    ...memory,
    add: (bytes: Uint8Array) => {
      if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
      return memory.add(bytes)
    }
  }
  const { tree, database, drafts, close } = openTree(t.testdir(), { blocks })
  makeLargeFile(tree, 'large')
  const stop = AbortSignal.abort()
  await t.rejects(tree.seal({ signal: stop }), { code: 'aborted' })
  full = true
  await t.rejects(tree.seal())
  full = false
  t.equal(tree.isDirty(), true)
  t.same(checkMfs(database, drafts).problems, [])
  await tree.seal()
  t.equal(tree.attributes(at(tree, 'large')).size, 12 * MiB)
  t.equal(tree.isDirty(), false)
  close()
})

t.test('what is sealed is what the same tree imported would be, draft by draft', async t => {
  const memory = memoryBlocks()
  const { tree, close } = openTree(t.testdir(), { blocks: memory })
  const writer = openUnixfsWriter(memory, profiles['unixfs-v1-2025'])
  const fileOf = (text: string) => {
    const builder = writer.file()
    builder.write(Buffer.from(text))
    return builder.finish()
  }
  makeFolder(tree, 'd')
  makeFile(tree, 'd/a', 'one')
  makeFile(tree, 'empty')
  tree.makeSymlink(1, toName('link'), Buffer.from('d/a'), caller)
  const raw = nameFromBytes(Buffer.from([0xff, 0xfe, 0x41]))
  tree.releaseWriting(tree.createFile(1, raw, 0o644, caller).ino)
  const { cid } = await tree.seal()
  const d = writer.directory([{ ...fileOf('one'), name: toName('a') }])
  const expected = writer.directory([
    { ...d, name: toName('d') },
    { ...fileOf(''), name: toName('empty') },
    { ...writer.symlink(Buffer.from('d/a')), name: toName('link') },
    { ...fileOf(''), name: raw }
  ])
  t.equal(cid.toString(), makeCid(expected.codec, expected.multihash).toString())
  t.ok(names(tree, 1).includes(raw), 'a name that is not UTF-8')
  t.equal(
    tree.xattr(at(tree, 'd'), 'user.cairn.cid').toString(),
    makeCid(d.codec, d.multihash).toString()
  )
  close()
})

t.test('mode and mtime are sealed where that is asked for', async t => {
  const memory = memoryBlocks()
  const { tree, close } = openTree(t.testdir(), { blocks: memory, metadata: true })
  const ino = makeFile(tree, 'script', 'run')
  const mtime = { seconds: 1_000_000_000, nanoseconds: 123_456_789 }
  tree.change(ino, { mode: 0o750, mtime }, caller)
  await tree.seal()
  tree.change(ino, { mode: 0o755 }, caller)
  t.equal(tree.isDirty(), true, 'a mode alone is a change')
  const { cid } = await tree.seal()
  const reader = openUnixfsReader(memory)
  const link = reader.lookup(cid.code, cid.multihash.bytes, toName('script'))
  t.match(reader.infoOf(link?.codec ?? 0, link?.multihash ?? new Uint8Array()), {
    mode: 0o755,
    mtimeSeconds: mtime.seconds,
    mtimeNanoseconds: mtime.nanoseconds,
    bytes: 3
  })
  await tree.restore(cid)
  t.match(
    { ...tree.attributes(at(tree, 'script')) },
    { mode: 0o100755, mtimeNanoseconds: 123_456_789 }
  )
  close()
})

t.test('a million files in blocks cost a row for each directory visited, and no more', async t => {
  const memory = memoryBlocks()
  const writer = openUnixfsWriter(memory, profiles['unixfs-v1-2025'])
  const builder = writer.file()
  const file = builder.finish()
  const folder = writer.directory(
    Array.from({ length: 1000 }, (_, i) => ({ ...file, name: `f${i}` as Name }))
  )
  const root = writer.directory(
    Array.from({ length: 1000 }, (_, i) => ({ ...folder, name: `d${i}` as Name }))
  )
  const { tree, database, drafts, close } = openTree(t.testdir(), { blocks: memory })
  await tree.restore(makeCid(root.codec, root.multihash))
  const rows = (table: string) => database.statement(`SELECT count(*) AS n FROM ${table}`).get()?.n
  const ino = at(tree, 'd7/f999')
  t.same([rows('inodes'), rows('dentries'), rows('mfs_ranges')], [1, 0, 2])
  writeText(tree, ino, 'now written')
  t.equal(at(tree, 'd7/f999'), ino, 'under the same number')
  t.same([rows('inodes'), rows('dentries')], [3, 0], 'the file and the directories above it')
  tree.remove(at(tree, 'd8'), toName('f5'))
  t.equal(rows('dentries'), 999, 'one directory unfolded')
  const { cid } = await tree.seal()
  t.same(checkMfs(database, drafts).problems, [])
  const reader = openUnixfsReader(memory)
  const link = reader.lookup(cid.code, cid.multihash.bytes, 'd8' as Name)
  t.equal(reader.list(link!.codec, link!.multihash).length, 999)
  t.equal(readText(tree, ino), 'now written')
  close()
})

t.test('a block that is not here is named, and changes nothing', async t => {
  const memory = memoryBlocks()
  const writer = openUnixfsWriter(memory, profiles['unixfs-v1-2025'])
  const file = writer.file()
  file.write(Buffer.from('far away'))
  const node = file.finish()
  const folder = writer.directory([{ ...node, name: toName('far') }])
  const root = writer.directory([{ ...folder, name: toName('folder') }])
  const { tree, close } = openTree(t.testdir(), { blocks: memory })
  await tree.restore(makeCid(root.codec, root.multihash))
  memory.drop(folder.multihash)
  const missing = {
    code: 'missing',
    want: { kind: 'block', id: makeCid(folder.codec, folder.multihash).toString() }
  }
  t.throws(() => at(tree, 'folder'), missing)
  t.throws(() => tree.removeDirectory(1, toName('folder')), missing)
  t.throws(() => tree.rename(1, toName('folder'), 1, toName('x'), { mode: 'replace' }), missing)
  t.same(names(tree, 1), ['folder'], 'it is listed all the same')
  t.equal(tree.isDirty(), false)
  close()
})

t.test('every seal is in the history; restoring one brings its content back', async t => {
  const { tree, close } = openTree(t.testdir())
  const ino = makeFile(tree, 'file', 'first')
  const first = await tree.snapshot('before the change')
  tree.openForWriting(ino, true)
  tree.write(ino, Buffer.from('second'), 0)
  tree.releaseWriting(ino)
  makeFile(tree, 'unsealed', 'kept in history')
  const handle = tree.lookup(1, toName('file')).ino
  await tree.restore(first.cid)
  t.same(names(tree, 1), ['file'])
  t.equal(readText(tree, at(tree, 'file')), 'first')
  t.equal(readText(tree, handle), 'second', 'who held the old file holds it still')
  t.match(
    tree.history().map(entry => entry.reason),
    [/^restore/, 'before restore', 'before the change']
  )
  await tree.restore(tree.history()[1]!.cid)
  t.equal(readText(tree, at(tree, 'unsealed')), 'kept in history')
  t.equal(readText(tree, at(tree, 'file')), 'second')
  close()
})

t.test('another instance opens the tree where the root stands', async t => {
  const home = t.testdir()
  const one = openTree(home)
  makeFile(one.tree, 'file', 'text')
  const { cid } = await one.tree.seal()
  one.close()
  const two = openTree(home, { recover: true })
  t.equal(readText(two.tree, at(two.tree, 'file')), 'text')
  t.equal((await two.tree.seal()).cid.toString(), cid.toString(), 'nothing to seal')
  t.equal(cid.code, codec.dagPb)
  two.close()
})
