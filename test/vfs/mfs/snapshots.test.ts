import t, { type Test } from 'tap'
import { type Name, nameText, toName } from '../../../src/base/names.ts'
import { openUnixfsReader } from '../../../src/unixfs/reader.ts'
import type { WritableTree } from '../../../src/vfs/api.ts'
import { openHistoryTree } from '../../../src/vfs/frozen/history-tree.ts'
import { InodeTable } from '../../../src/vfs/frozen/inode-table.ts'
import { withSnapshots } from '../../../src/vfs/mfs/with-snapshots.ts'
import { caller, makeFile, makeFolder, openTree, place, writeText } from './open-tree.ts'

const hidden = toName('.snapshots')

/** A tree that was sealed twice: `folder/file` held `one`, then `two`. */
async function setup(t: Test, metadata = false) {
  let now = Date.UTC(2026, 10, 21, 6, 16, 9)
  const clock = { nowMs: () => now }
  const opened = openTree(t.testdir(), { clock, metadata })
  const mfs = opened.tree
  t.teardown(() => opened.close())
  makeFolder(mfs, 'folder')
  const ino = makeFile(mfs, 'folder/file', 'one')
  await mfs.seal()
  now += 60_000
  writeText(mfs, ino, 'two')
  await mfs.seal()
  const frozen = {
    reader: openUnixfsReader(opened.blocks),
    inodes: new InodeTable(),
    owner: { uid: 7, gid: 8 },
    statistics: () => mfs.statistics()
  }
  const read = { entries: 0 }
  const tree = withSnapshots(
    mfs,
    openHistoryTree(frozen, options => {
      const found = mfs.history(options)
      read.entries += found.length
      return found
    })
  )
  return { tree, mfs, read, wait: (ms: number) => (now += ms) }
}

function list(tree: WritableTree, ino: number, cookie = 0): string[] {
  const names: string[] = []
  tree.readDirectory(ino, { cookie, withAttributes: true }, entry => {
    names.push(nameText(entry.name))
    if (entry.attributes !== undefined) tree.forget(entry.ino, 1)
    return true
  })
  return names
}

function find(tree: WritableTree, path: string): number {
  let ino = tree.root
  for (const part of path.split('/')) ino = tree.lookup(ino, toName(part)).ino
  return ino
}

function text(tree: WritableTree, ino: number): string {
  const bytes = Buffer.alloc(100)
  return bytes.subarray(0, tree.read(ino, bytes, 0)).toString()
}

const first = '2026-11-21T06-16-09.000Z'
const second = '2026-11-21T06-17-09.000Z'

t.test('every root of the history is a folder by its time, oldest first', async t => {
  const { tree } = await setup(t)
  const ino = find(tree, '.snapshots')
  t.strictSame(list(tree, ino), [first, second])
  t.equal(text(tree, find(tree, `.snapshots/${first}/folder/file`)), 'one')
  t.equal(text(tree, find(tree, `.snapshots/${second}/folder/file`)), 'two')
  t.equal(text(tree, find(tree, 'folder/file')), 'two')
  t.throws(() => find(tree, '.snapshots/2026'), { code: 'not-found' })
  t.strictSame(list(tree, ino, 1), [second], 'a listing goes on after its cookie')
})

t.test(
  'what a snapshot keeps no mode of is for nobody but its owner to read: it may have been private',
  async t => {
    const { tree } = await setup(t)
    const mode = (path: string) => (tree.attributes(find(tree, path)).mode & 0o7777).toString(8)
    t.equal(mode('.snapshots'), '555')
    t.equal(mode(`.snapshots/${first}`), '500')
    t.equal(mode(`.snapshots/${first}/folder/file`), '400')
  }
)

t.test(
  'the history is read again only when there is more of it; of one moment the last is shown',
  async t => {
    const { tree, mfs, read, wait } = await setup(t)
    const ino = find(tree, '.snapshots')
    t.strictSame(list(tree, ino), [first, second])
    read.entries = 0
    for (let page = 0; page < 5; page++) list(tree, ino)
    t.equal(text(tree, find(tree, `.snapshots/${first}/folder/file`)), 'one')
    t.equal(read.entries, 6, 'the newest entry a look')
    writeText(mfs, find(tree, 'folder/file'), 'six')
    await mfs.seal()
    t.strictSame(list(tree, ino), [first, second], 'the clock stood still')
    t.equal(text(tree, find(tree, `.snapshots/${second}/folder/file`)), 'six')
    wait(-60_000)
    writeText(mfs, find(tree, 'folder/file'), 'ten')
    await mfs.seal()
    t.strictSame(list(tree, ino), [second, first], 'in the order in which they stood')
    wait(120_000)
    writeText(mfs, find(tree, 'folder/file'), 'end')
    await mfs.seal()
    t.strictSame(list(tree, ino), [second, first, '2026-11-21T06-18-09.000Z'])
  }
)

t.test('a snapshot that keeps modes shows them', async t => {
  const { tree, mfs } = await setup(t, true)
  const mode = (path: string) => (tree.attributes(find(tree, path)).mode & 0o7777).toString(8)
  mfs.change(find(tree, 'folder/file'), { mode: 0o640 }, caller)
  await mfs.seal()
  t.equal(mode(`.snapshots/${first}/folder/file`), '644')
  t.equal(mode(`.snapshots/${first}`), '755')
  t.equal(mode(`.snapshots/${second}/folder/file`), '640')
})

t.test('snapshots are in no listing, and lead back to the root', async t => {
  const { tree } = await setup(t)
  t.strictSame(list(tree, tree.root), ['folder'])
  t.equal(tree.parent(find(tree, '.snapshots')), tree.root)
  const folder = find(tree, `.snapshots/${first}/folder`)
  t.equal(tree.parent(folder), find(tree, `.snapshots/${first}`))
  t.equal(tree.attributes(folder).ino, folder)
  t.ok(tree.frozen?.(folder))
  t.notOk(tree.frozen?.(tree.root))
  t.notOk(tree.frozen?.(find(tree, '.snapshots')), 'it gains entries')
  t.notOk(tree.frozen?.(find(tree, 'folder')))
})

t.test('a snapshot shows the CIDs of what it holds', async t => {
  const { tree, mfs } = await setup(t)
  const [, entry] = mfs.history()
  const cid = tree.xattr(find(tree, `.snapshots/${first}`), 'user.cairn.cid')
  t.equal(Buffer.from(cid).toString(), `${entry?.cid}`)
})

t.test('nothing in a snapshot can be changed', async t => {
  const { tree } = await setup(t)
  const folder = find(tree, `.snapshots/${first}/folder`)
  const file = find(tree, `.snapshots/${first}/folder/file`)
  const name = toName('new')
  const old = toName('file')
  const replace = { mode: 'replace' } as const
  const changes: Record<string, () => unknown> = {
    mknod: () => tree.makeNode(folder, name, 0o100644, 0, caller),
    create: () => tree.createFile(folder, name, 0o644, caller),
    mkdir: () => tree.makeDirectory(folder, name, 0o755, caller),
    symlink: () => tree.makeSymlink(folder, name, Buffer.from('x'), caller),
    'link from': () => tree.makeLink(file, tree.root, name),
    'link to': () => tree.makeLink(find(tree, 'folder/file'), folder, name),
    tmpfile: () => tree.makeTemporary(folder, 0o644, caller),
    unlink: () => tree.remove(folder, old),
    rmdir: () => tree.removeDirectory(find(tree, `.snapshots/${first}`), toName('folder')),
    'rename from': () => tree.rename(folder, old, tree.root, name, replace),
    'rename to': () => tree.rename(tree.root, toName('folder'), folder, name, replace),
    chmod: () => tree.change(file, { mode: 0o600 }, caller),
    'open for writing': () => tree.openForWriting(file, false),
    write: () => tree.write(file, Buffer.from('x'), 0),
    fallocate: () => tree.allocate(file, { kind: 'zero', position: 0, length: 1, keepSize: false }),
    'copy to': () => tree.copyRange({ ino: file, position: 0 }, { ino: file, position: 9 }, 1),
    setxattr: () => tree.setXattr(file, 'user.a', Buffer.from('x'), 'any'),
    removexattr: () => tree.removeXattr(file, 'user.a'),
    'rmdir of all': () => tree.removeDirectory(tree.root, hidden),
    'rename of all': () => tree.rename(tree.root, hidden, tree.root, name, replace)
  }
  for (const [call, change] of Object.entries(changes)) {
    t.throws(change, { code: 'read-only' }, call)
  }
  tree.releaseWriting(file)
  tree.synchronize(file)
  t.equal(text(tree, file), 'one')
})

t.test('beside the snapshots nothing is made by their name', async t => {
  const { tree } = await setup(t)
  const taken = { code: 'exists' }
  t.throws(() => tree.makeDirectory(tree.root, hidden, 0o755, caller), taken)
  t.throws(() => tree.createFile(tree.root, hidden, 0o644, caller), taken)
  t.throws(
    () => tree.rename(tree.root, toName('folder'), tree.root, hidden, { mode: 'replace' }),
    taken
  )
  const folder = find(tree, 'folder')
  t.ok(tree.makeDirectory(folder, hidden, 0o755, caller), 'elsewhere it is a name like others')
})

t.test('a folder of that name that came with content is shown, and can be moved away', async t => {
  const { tree, mfs } = await setup(t)
  const own = mfs.makeDirectory(mfs.root, hidden, 0o755, caller).ino
  t.equal(find(tree, '.snapshots'), own)
  tree.rename(tree.root, hidden, tree.root, toName('theirs'), { mode: 'replace' })
  t.strictSame(list(tree, find(tree, '.snapshots')), [first, second])
})

t.test('a range of a snapshot is copied into the tree; holes are asked of both', async t => {
  const { tree, mfs } = await setup(t)
  const from = find(tree, `.snapshots/${first}/folder/file`)
  const [parent, name] = place(mfs, 'copy') as [number, Name]
  const { ino } = tree.createFile(parent, name, 0o644, caller)
  t.equal(tree.copyRange({ ino: from, position: 0 }, { ino, position: 0 }, 2 ** 40), 3)
  t.equal(tree.seek(from, 1, 'hole'), 3)
  t.equal(tree.seek(from, 3, 'data'), undefined)
  tree.releaseWriting(ino)
  t.equal(text(tree, ino), 'one')
})
