import t from 'tap'
import { codec, makeCid, sha256Multihash } from '../../../src/base/blocks.ts'
import { toName } from '../../../src/base/names.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { fails } from '../../lib/fails.ts'
import { at, caller, makeFile, makeFolder, openTree, readText, writeText } from './open-tree.ts'

t.test('content gets a name for a row, and seals as if it had been copied', async t => {
  const { tree, database, drafts, close } = openTree(t.testdir())
  t.teardown(close)
  makeFolder(tree, 'd')
  for (const name of ['a', 'b']) makeFile(tree, `d/${name}`, `text of ${name}`)
  const { cid } = await tree.seal()
  const before = database.statement('SELECT count(*) AS rows FROM inodes').get()
  const grafted = tree.graft(cid, tree.root, toName('e'), caller)
  const after = database.statement('SELECT count(*) AS rows FROM inodes').get()
  t.equal(Number(after?.rows) - Number(before?.rows), 1)
  t.match(grafted, { uid: caller.uid, gid: caller.gid })
  t.equal(readText(tree, at(tree, 'e/d/a')), 'text of a')
  const sealed = await tree.seal()
  tree.removeTree(tree.root, toName('e'))
  const again = makeFolder(tree, 'e')
  tree.clone(at(tree, 'd'), again, toName('d'), { caller, members: true })
  t.same((await tree.seal()).cid, sealed.cid, 'the same blocks, sizes of links too')
  t.strictSame(checkMfs(database, drafts).problems, [])
})

t.test('what is written below it is its own', async t => {
  const { tree, close } = openTree(t.testdir())
  t.teardown(close)
  makeFolder(tree, 'd')
  makeFile(tree, 'd/a', 'old')
  const { cid } = await tree.seal()
  tree.graft(cid, tree.root, toName('e'), caller)
  writeText(tree, at(tree, 'e/d/a'), 'new')
  t.equal(readText(tree, at(tree, 'd/a')), 'old')
  t.equal(readText(tree, at(tree, 'e/d/a')), 'new')
})

t.test('a name that is taken, and a root that is not here', async t => {
  const { tree, close } = openTree(t.testdir())
  t.teardown(close)
  makeFile(tree, 'a', 'text')
  const { cid } = await tree.seal()
  fails(t, 'exists', () => tree.graft(cid, tree.root, toName('a'), caller))
  const absent = makeCid(codec.raw, sha256Multihash(Buffer.from('nobody has it')))
  fails(t, 'missing', () => tree.graft(absent, tree.root, toName('b'), caller))
  fails(t, 'not-found', () => tree.lookup(tree.root, toName('b')))
})
