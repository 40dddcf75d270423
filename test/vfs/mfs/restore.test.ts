import type { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { systemClock } from '../../../src/base/clock.ts'
import { nameText, toName } from '../../../src/base/names.ts'
import { openRoots } from '../../../src/roots/open.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { mfsSharedMemory } from '../../../src/vfs/mfs/lookups.ts'
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

/** A tree sealed with `a/b/file` holding `old` and `a/gone`; since then `new`, and no `gone`. */
async function setup(t: Test) {
  const home = t.testdir()
  const shared = mfsSharedMemory()
  const opened = openTree(home, { shared, metadata: true })
  const { tree } = opened
  for (const path of ['a', 'a/b', 'a/b/deep']) makeFolder(tree, path)
  makeFile(tree, 'a/b/file', 'old')
  makeFile(tree, 'a/b/deep/leaf', 'leaf')
  makeFile(tree, 'a/gone', 'gone')
  const { cid } = await tree.seal()
  writeText(tree, at(tree, 'a/b/file'), 'new')
  tree.remove(at(tree, 'a'), toName('gone'))
  makeFile(tree, 'a/b/later', 'later')
  t.teardown(() => opened.close())
  const check = () => t.strictSame(checkMfs(opened.database, opened.drafts).problems, [])
  return { ...opened, home, shared, cid, check }
}

const path = (text: string) => text.split('/').map(toName)
const restorePath = (tree: Awaited<ReturnType<typeof setup>>['tree'], cid: CID, text: string) =>
  tree.restorePath({ cid, names: path(text) })

t.test('a file is restored, and what it was goes into the history', async t => {
  const { tree, cid, check } = await setup(t)
  await restorePath(tree, cid, 'a/b/file')
  t.equal(readText(tree, at(tree, 'a/b/file')), 'old')
  t.equal(readText(tree, at(tree, 'a/b/later')), 'later', 'what lies beside it stays')
  const [after, before] = tree.history()
  t.equal(after?.reason, `restore a/b/file of ${cid}`)
  t.equal(before?.reason, 'before restore')
  t.equal(tree.isDirty(), false)
  await restorePath(tree, before?.cid as CID, 'a/b/file')
  t.equal(readText(tree, at(tree, 'a/b/file')), 'new')
  check()
})

t.test('what was removed comes back; a folder comes back whole', async t => {
  const { tree, cid, check } = await setup(t)
  await restorePath(tree, cid, 'a/gone')
  t.equal(readText(tree, at(tree, 'a/gone')), 'gone')
  await restorePath(tree, cid, 'a/b')
  t.strictSame(names(tree, at(tree, 'a/b')), ['deep', 'file'], 'without what came later')
  t.equal(readText(tree, at(tree, 'a/b/deep/leaf')), 'leaf')
  check()
  makeFile(tree, 'a/b/deep/more', 'more')
  await tree.seal()
  t.strictSame(names(tree, at(tree, 'a/b/deep')), ['leaf', 'more'], 'and can be written to')
  check()
})

t.test('restoring the whole by its path-less verb and by a folder give one root', async t => {
  const { tree, cid } = await setup(t)
  await tree.restore(cid)
  t.equal(`${tree.history()[0]?.cid}`, `${cid}`)
  await restorePath(tree, cid, 'a')
  t.equal(readText(tree, at(tree, 'a/b/file')), 'old')
})

t.test('the whole is restored though somebody else sealed a moment before', async t => {
  const { home, shared, cid } = await setup(t)
  let sealed = (): void => undefined
  const { tree, database, close } = openTree(home, {
    shared,
    metadata: true,
    around: roots => {
      const advance = roots.advance.bind(roots)
      return Object.assign(roots, {
        advance: (...what: Parameters<typeof advance>) => {
          queueMicrotask(() => sealed())
          return advance(...what)
        }
      })
    }
  })
  t.teardown(close)
  const roots = openRoots(database, systemClock)
  const details = { profile: 'unixfs-v1-2025', reason: 'by another thread' }
  const other = (await tree.seal()).cid
  writeText(tree, at(tree, 'a/b/file'), 'newer')
  sealed = () => {
    sealed = () => undefined
    roots.advance('mfs', roots.get('mfs')?.cid, other, details)
  }
  await tree.restore(cid)
  t.equal(`${roots.get('mfs')?.cid}`, `${cid}`)
  t.ok(
    tree.history().some(({ reason }) => reason === details.reason),
    'it happened in between'
  )
})

t.test('what is not there is said, and nothing changes', async t => {
  const { tree, cid, check } = await setup(t)
  const absent = { code: 'not-found' }
  await t.rejects(restorePath(tree, cid, 'a/b/later'), absent, 'not in the snapshot')
  await t.rejects(restorePath(tree, cid, 'a/none/file'), absent)
  await t.rejects(restorePath(tree, cid, 'a/b/file/below'), { code: 'not-directory' })
  await t.rejects(tree.restorePath({ cid, names: [] }), { code: 'invalid' })
  tree.removeTree(at(tree, 'a'), toName('b'))
  await t.rejects(restorePath(tree, cid, 'a/b/file'), absent, 'its folder is not there now')
  t.strictSame(names(tree, at(tree, 'a')), [])
  check()
})

t.test('whoever holds the replaced file open goes on reading it', async t => {
  const { tree, cid, check } = await setup(t)
  const held = at(tree, 'a/b/file')
  await restorePath(tree, cid, 'a/b/file')
  t.not(at(tree, 'a/b/file'), held)
  t.equal(readText(tree, held), 'new')
  check()
})

t.test('changes are told of what the kernel may know, after the commit', async t => {
  const { tree, home, shared, cid } = await setup(t)
  const told: string[] = []
  const other = openTree(home, {
    shared,
    metadata: true,
    onChange: async change => {
      told.push('ino' in change ? `${change.ino}` : `${change.parent}/${nameText(change.name)}`)
    }
  })
  t.teardown(() => other.close())
  const taken = () => told.splice(0).sort()
  const folder = at(tree, 'a/b')
  const file = at(tree, 'a/b/file')
  other.tree.change(file, { mode: 0o600 }, caller)
  t.strictSame(taken(), [`${file}`])
  other.tree.openForWriting(file, false)
  other.tree.write(file, Buffer.from('!'), 0)
  t.ok(taken().includes(`${file}`))
  other.tree.releaseWriting(file)
  other.tree.remove(folder, toName('later'))
  t.ok(taken().includes(`${folder}/later`))
  t.throws(() => other.tree.remove(folder, toName('later')))
  t.strictSame(taken(), [], 'nothing of what failed')
  other.tree.rename(folder, toName('file'), folder, toName('moved'), { mode: 'replace' })
  t.match(new Set(taken()), new Set([`${folder}`, `${folder}/file`, `${folder}/moved`]))
  other.tree.createFile(other.tree.lookup(folder, toName('deep')).ino, toName('x'), 0o600, caller)
  taken()
  await other.tree.restore(cid)
  t.ok(taken().includes('1/a'), 'of a restore the names in the root')
})
