import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Allocation, fileType } from '../../../src/vfs/api.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { memoryBlocks } from '../../lib/memory-blocks.ts'
import { caller, makeFile, makeFolder, openTree, readText, writeText } from './open-tree.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** fallocate(2) on a file of ten bytes, `0123456789`: what it reads afterwards. */
const cases: Array<[string, Allocation, string]> = [
  ['space within', { kind: 'allocate', position: 2, length: 4, keepSize: false }, '0123456789'],
  [
    'space beyond the end grows it',
    { kind: 'allocate', position: 8, length: 4, keepSize: false },
    '0123456789\0\0'
  ],
  [
    'unless it keeps its size',
    { kind: 'allocate', position: 8, length: 4, keepSize: true },
    '0123456789'
  ],
  [
    'zeros within',
    { kind: 'zero', position: 2, length: 4, keepSize: false },
    '01\0\0\0\0' + '6789'
  ],
  [
    'zeros over the end grow it',
    { kind: 'zero', position: 8, length: 4, keepSize: false },
    '01234567\0\0\0\0'
  ],
  [
    'unless it keeps its size',
    { kind: 'zero', position: 8, length: 4, keepSize: true },
    '01234567\0\0'
  ],
  [
    'a hole within',
    { kind: 'punch', position: 0, length: 3, keepSize: true },
    '\0\0\0' + '3456789'
  ],
  ['a hole over the end', { kind: 'punch', position: 9, length: 9, keepSize: true }, '012345678\0'],
  [
    'a hole beyond the end',
    { kind: 'punch', position: 20, length: 9, keepSize: true },
    '0123456789'
  ]
]

for (const form of ['a small draft', 'a large draft', 'sealed content'] as const) {
  t.test(`fallocate of ${form}`, async t => {
    const { tree, database, drafts, close } = openTree(t.testdir())
    for (const [what, allocation, expected] of cases) {
      const ino = makeFile(
        tree,
        `file-${cases.findIndex(row => row[1] === allocation)}`,
        '0123456789'
      )
      if (form === 'a large draft') {
        tree.openForWriting(ino, false)
        tree.write(ino, new Uint8Array(17 * KiB), 0)
        tree.change(ino, { size: 0 }, caller)
        tree.write(ino, Buffer.from('0123456789'), 0)
        tree.releaseWriting(ino)
      }
      if (form === 'sealed content') await tree.seal()
      tree.openForWriting(ino, false)
      tree.allocate(ino, allocation)
      tree.releaseWriting(ino)
      t.equal(readText(tree, ino), expected, what)
    }
    t.strictSame(checkMfs(database, drafts).problems, [])
    close()
  })
}

t.test('fallocate refuses what is not open, not a file, nothing, or too much', async t => {
  const { tree, close } = openTree(t.testdir())
  const some: Allocation = { kind: 'allocate', position: 0, length: 1, keepSize: false }
  const ino = makeFile(tree, 'file', 'x')
  t.throws(() => tree.allocate(ino, some), { code: 'invalid' })
  t.throws(() => tree.allocate(makeFolder(tree, 'folder'), some), { code: 'invalid' })
  tree.openForWriting(ino, false)
  t.throws(() => tree.allocate(ino, { ...some, length: 0 }), { code: 'invalid' })
  t.throws(() => tree.allocate(ino, { ...some, position: -1 }), { code: 'invalid' })
  t.throws(() => tree.allocate(ino, { ...some, position: 2 ** 53 }), { code: 'file-too-large' })
  t.throws(() => tree.allocate(ino, { ...some, length: 2 ** 60 }), { code: 'file-too-large' })
  t.equal(readText(tree, ino), 'x', 'nothing changed')
  close()
})

t.test('a hole is found, takes no space, and is a hole again after sealing', async t => {
  const { tree, drafts, database, close } = openTree(t.testdir())
  const ino = makeFile(tree, 'sparse')
  tree.openForWriting(ino, false)
  tree.write(ino, Buffer.alloc(64 * KiB, 1), 0)
  tree.write(ino, Buffer.alloc(64 * KiB, 2), 8 * MiB)
  t.equal(tree.seek(ino, 0, 'data'), 0)
  t.equal(tree.seek(ino, 0, 'hole'), 64 * KiB)
  t.equal(tree.seek(ino, 64 * KiB, 'data'), 8 * MiB)
  t.equal(tree.seek(ino, 8 * MiB, 'hole'), 8 * MiB + 64 * KiB, 'the end is a hole')
  for (const what of ['data', 'hole'] as const) {
    t.equal(tree.seek(ino, 8 * MiB + 64 * KiB, what), undefined, `no ${what} at the end`)
  }
  tree.allocate(ino, { kind: 'punch', position: 0, length: 64 * KiB, keepSize: true })
  t.equal(tree.seek(ino, 0, 'data'), 8 * MiB)
  const { blocks = 0, size } = tree.attributes(ino)
  t.ok(blocks * 512 < 256 * KiB, `${blocks} blocks of ${size} bytes`)
  tree.releaseWriting(ino)

  await tree.seal()
  t.equal(tree.seek(ino, 0, 'data'), 0, 'sealed content is data')
  t.equal(tree.seek(ino, 0, 'hole'), size)
  writeText(tree, ino, 'x', 4 * MiB)
  const row = database.statement('SELECT draft FROM inodes WHERE ino = ?').get(ino)
  const { blocks: held } = statSync(join(drafts, String((row as { draft: number }).draft)))
  t.ok(held * 512 < 2 * MiB, `its draft holds ${held} blocks`)
  t.equal(tree.attributes(ino).size, size)
  close()
})

t.test('a seek in a small draft sees data; in a folder it is an error', async t => {
  const { tree, close } = openTree(t.testdir())
  const ino = makeFile(tree, 'small', 'abc')
  t.equal(tree.seek(ino, 1, 'data'), 1)
  t.equal(tree.seek(ino, 1, 'hole'), 3)
  t.equal(tree.seek(ino, 3, 'data'), undefined)
  t.throws(() => tree.seek(tree.root, 0, 'data'), { code: 'is-directory' })
  close()
})

t.test('copy_file_range of a whole sealed file shares it: no byte is read', async t => {
  const blocks = memoryBlocks()
  const { tree, database, drafts, close } = openTree(t.testdir(), { blocks, metadata: true })
  const text = 'shared '.repeat(500_000)
  const from = makeFile(tree, 'from', text)
  await tree.seal()
  const to = makeFile(tree, 'to', 'what was there')
  tree.openForWriting(to, false)
  const { readInto } = blocks.calls
  t.equal(
    tree.copyRange({ ino: from, position: 0 }, { ino: to, position: 0 }, 2 ** 40),
    text.length
  )
  t.equal(tree.attributes(to).size, text.length)
  tree.releaseWriting(to)
  await tree.seal()
  t.equal(blocks.calls.readInto, readInto, 'sealed without reading it, too')
  t.equal(readText(tree, to), text)
  tree.openForWriting(to, false)
  tree.write(to, Buffer.from('S'), 0)
  tree.releaseWriting(to)
  t.equal(readText(tree, from), text, 'a write to one leaves the other')
  t.equal(readText(tree, to), `S${text.slice(1)}`)
  t.strictSame(checkMfs(database, drafts).problems, [])
  close()
})

/** Of a source `0123456789` into a target `abcdefghijklmnop`. */
const copies: Array<[what: string, from: number, to: number, length: number, expected: string]> = [
  ['a part', 2, 4, 3, 'abcd234hijklmnop'],
  ['the whole where the target is longer', 0, 0, 100, '0123456789klmnop'],
  ['up to the end of the source', 8, 0, 100, '89cdefghijklmnop'],
  ['from its end on nothing', 10, 0, 5, 'abcdefghijklmnop'],
  ['beyond the target, leaving a hole', 0, 18, 2, 'abcdefghijklmnop\0\0' + '01'],
  ['nothing', 0, 0, 0, 'abcdefghijklmnop']
]

for (const sealed of [true, false]) {
  t.test(`copy_file_range from ${sealed ? 'sealed content' : 'a draft'}`, async t => {
    const { tree, close } = openTree(t.testdir())
    const source = makeFile(tree, 'source', '0123456789')
    if (sealed) await tree.seal()
    for (const [index, [what, from, to, length, expected]] of copies.entries()) {
      const target = makeFile(tree, `target-${index}`, 'abcdefghijklmnop')
      tree.openForWriting(target, false)
      const done = tree.copyRange(
        { ino: source, position: from },
        { ino: target, position: to },
        length
      )
      tree.releaseWriting(target)
      t.equal(done, Math.max(0, Math.min(length, 10 - from)), what)
      t.equal(readText(tree, target), expected, what)
    }
    close()
  })
}

t.test('copy_file_range refuses overlaps, folders, and targets that are not open', async t => {
  const { tree, close } = openTree(t.testdir())
  const ino = makeFile(tree, 'file', '0123456789')
  const folder = makeFolder(tree, 'folder')
  const start = { ino, position: 0 }
  t.throws(() => tree.copyRange(start, { ino: makeFile(tree, 'closed'), position: 0 }, 5), {
    code: 'invalid'
  })
  await tree.seal()
  t.throws(() => tree.copyRange(start, { ino: makeFile(tree, 'shut'), position: 0 }, 50), {
    code: 'invalid'
  })
  tree.openForWriting(ino, false)
  t.throws(() => tree.copyRange(start, { ino, position: 4 }, 5), { code: 'invalid' })
  t.throws(() => tree.copyRange({ ino: folder, position: 0 }, start, 5), { code: 'is-directory' })
  t.equal(tree.copyRange(start, { ino, position: 5 }, 5), 5)
  t.equal(readText(tree, ino), '0123401234')
  tree.releaseWriting(ino)
  close()
})

t.test('a temporary file is named by a link, or leaves nothing', async t => {
  const home = t.testdir()
  const { tree, database, drafts, close } = openTree(home)
  const folder = makeFolder(tree, 'folder')
  const named = tree.makeTemporary(folder, 0o600, caller)
  t.match(named, { links: 0, mode: fileType.regular | 0o600, uid: caller.uid })
  tree.write(named.ino, Buffer.from('kept'), 0)
  t.equal(tree.makeLink(named.ino, folder, 'name' as never).links, 1)
  tree.releaseWriting(named.ino)
  tree.forget(named.ino, 2)
  const lost = tree.makeTemporary(folder, 0o600, caller)
  tree.write(lost.ino, Buffer.from('lost'), 0)
  tree.releaseWriting(lost.ino)
  tree.forget(lost.ino, 1)
  t.throws(() => tree.makeTemporary(named.ino, 0o600, caller), { code: 'not-directory' })
  await tree.seal()
  t.throws(() => tree.attributes(lost.ino), { code: 'not-found' })
  t.strictSame(checkMfs(database, drafts, { resting: true }).problems, [])
  close()
  const again = openTree(home, { recover: true })
  t.equal(readText(again.tree, named.ino), 'kept', 'through a restart')
  again.close()
})
