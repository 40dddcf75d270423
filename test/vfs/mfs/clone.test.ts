import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { toName } from '../../../src/base/names.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { fails } from '../../lib/fails.ts'
import {
  at,
  caller,
  makeFile,
  makeFolder,
  names,
  openTree,
  readText,
  writeText
} from './open-tree.ts'

const all = { caller, members: true }

function opened(t: Tap) {
  const home = t.testdir()
  const it = openTree(home)
  const closing = { open: true }
  const close = () => {
    if (closing.open) it.close()
    closing.open = false
  }
  t.teardown(close)
  const sound = () => t.strictSame(checkMfs(it.database, it.drafts).problems, [])
  return { ...it, close, home, sound }
}
type Tap = typeof t

t.test('a staged file shows nowhere until it is adopted, then wholly', async t => {
  const { tree, sound } = opened(t as Tap)
  const { ino } = tree.stageFile(0o644, caller)
  tree.write(ino, Buffer.from('new'), 0)
  t.strictSame(names(tree, tree.root), [])
  await tree.seal()
  tree.adoptFile(ino, tree.root, toName('a'))
  tree.releaseWriting(ino)
  t.equal(readText(tree, at(tree, 'a')), 'new')
  tree.forget(ino, 2)
  await tree.seal()
  t.equal(readText(tree, at(tree, 'a')), 'new')
  fails(t as Tap, 'invalid', () => tree.adoptFile(ino, tree.root, toName('b')))
  sound()
})

t.test('a file that gives way hands on mode and attributes, and its readers keep it', async t => {
  const { tree, sound } = opened(t as Tap)
  const old = makeFile(tree, 'a', 'old')
  tree.change(old, { mode: 0o755 }, caller)
  tree.setXattr(old, 'user.mark', Buffer.from('kept'), 'any')
  const { ino } = tree.stageFile(0o644, caller)
  tree.write(ino, Buffer.from('newer'), 0)
  const made = tree.adoptFile(ino, tree.root, toName('a'))
  tree.releaseWriting(ino)
  t.equal(made.mode & 0o7777, 0o755)
  t.equal(Buffer.from(tree.xattr(ino, 'user.mark')).toString(), 'kept')
  t.equal(readText(tree, old), 'old')
  makeFolder(tree, 'folder')
  const other = tree.stageFile(0o644, caller)
  fails(t as Tap, 'is-directory', () => tree.adoptFile(other.ino, tree.root, toName('folder')))
  sound()
})

t.test('a staged file that is let go leaves nothing, and neither does a stop', async t => {
  const { tree, database, drafts, close, home } = opened(t as Tap)
  const before = checkMfs(database, drafts).inodes
  const { ino } = tree.stageFile(0o644, caller)
  tree.releaseWriting(ino)
  tree.forget(ino, 1)
  await tree.seal()
  t.equal(checkMfs(database, drafts).inodes, before)
  tree.stageFile(0o644, caller)
  close()
  const again = openTree(home, { recover: true })
  t.teardown(again.close)
  t.strictSame(checkMfs(again.database, again.drafts, { resting: true }).problems, [])
  t.equal(checkMfs(again.database, again.drafts).inodes, before)
})

t.test('a sealed tree is cloned by a row, and the copies go their own ways', async t => {
  const { tree, database, sound } = opened(t as Tap)
  makeFolder(tree, 'from')
  makeFolder(tree, 'from/deep')
  for (let i = 0; i < 50; i++) makeFile(tree, `from/deep/${i}`, `text ${i}`)
  tree.setXattr(at(tree, 'from/deep/7'), 'user.mark', Buffer.from('seven'), 'any')
  await tree.seal()
  const before = checkMfs(database, '/nowhere').inodes
  tree.clone(at(tree, 'from'), tree.root, toName('to'), all)
  t.equal(
    checkMfs(database, '/nowhere').inodes,
    before + 2,
    'the folder and the one with an attribute'
  )
  t.equal(Buffer.from(tree.xattr(at(tree, 'to/deep/7'), 'user.mark')).toString(), 'seven')
  writeText(tree, at(tree, 'to/deep/3'), 'CHANGED')
  t.equal(readText(tree, at(tree, 'from/deep/3')), 'text 3')
  t.equal(readText(tree, at(tree, 'to/deep/3')), 'CHANGED')
  await tree.seal()
  t.equal(readText(tree, at(tree, 'to/deep/3')), 'CHANGED')
  sound()
})

t.test('what is not sealed is copied, at any depth, or not with its members', async t => {
  const { tree, sound } = opened(t as Tap)
  makeFolder(tree, 'from')
  makeFolder(tree, 'from/sub')
  makeFile(tree, 'from/sub/a', 'draft')
  tree.clone(at(tree, 'from'), tree.root, toName('to'), all)
  writeText(tree, at(tree, 'from/sub/a'), 'DRAFT')
  t.equal(readText(tree, at(tree, 'to/sub/a')), 'draft')
  tree.clone(at(tree, 'from'), tree.root, toName('bare'), { caller, members: false })
  t.strictSame(names(tree, at(tree, 'bare')), [])
  fails(t as Tap, 'exists', () => tree.clone(at(tree, 'from'), tree.root, toName('to'), all))
  fails(t as Tap, 'invalid', () =>
    tree.clone(at(tree, 'from'), at(tree, 'from/sub'), toName('in'), all)
  )
  await tree.seal()
  t.equal(readText(tree, at(tree, 'to/sub/a')), 'draft')
  sound()
})

t.test(
  'a tree is removed in one step, folded or not, and who holds a file still reads it',
  async t => {
    const { tree, database, drafts, sound } = opened(t as Tap)
    const start = checkMfs(database, drafts)
    makeFolder(tree, 'from')
    makeFolder(tree, 'from/sub')
    makeFile(tree, 'from/sub/a', 'held')
    makeFile(tree, 'from/b', 'b')
    await tree.seal()
    tree.clone(at(tree, 'from'), tree.root, toName('to'), all)
    const held = at(tree, 'to/sub/a')
    tree.removeTree(tree.root, toName('to'))
    t.equal(readText(tree, held), 'held')
    sound()
    tree.removeTree(tree.root, toName('from'))
    t.strictSame(names(tree, tree.root), [])
    sound()
    fails(t as Tap, 'not-found', () => tree.removeTree(tree.root, toName('from')))
    await tree.seal()
    t.equal(checkMfs(database, drafts).dentries, start.dentries)
  }
)

t.test('a version moves with the bytes, and not with a seal', async t => {
  const { tree } = opened(t as Tap)
  const ino = makeFile(tree, 'a', 'one')
  const first = tree.validators(tree.attributes(ino)).version
  await tree.seal()
  t.equal(tree.validators(tree.attributes(ino)).version, first)
  writeText(tree, ino, 'two')
  t.not(tree.validators(tree.attributes(ino)).version, first)
})

t.test(
  'a chain of 8,000 folders is copied in 64 MB, and what hangs on the last is there',
  async t => {
    const thread = new Worker(new URL('./cloning-thread.ts', import.meta.url), {
      workerData: { home: t.testdir(), levels: 8000 },
      resourceLimits: { maxOldGenerationSizeMb: 64 }
    })
    const [carried] = await once(thread, 'message')
    t.equal(carried, 'deep')
    await thread.terminate()
  }
)
