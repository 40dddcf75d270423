import t from 'tap'
import { toName } from '../../../src/base/names.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { at, makeFile, makeFolder, openTree } from './open-tree.ts'

t.test('a file with several names below a folder is gone with the last of them', async t => {
  const { tree, database, drafts, close } = openTree(t.testdir())
  for (const path of ['top', 'top/zone', 'top/zone/deep']) makeFolder(tree, path)
  const ino = makeFile(tree, 'top/one', 'bytes')
  for (const path of ['top', 'top/zone', 'top/zone/deep']) {
    tree.makeLink(ino, at(tree, path), toName('two'))
  }
  const outside = makeFile(tree, 'outside', 'stays')
  tree.makeLink(outside, at(tree, 'top'), toName('inside'))
  tree.forget(ino, 4)
  tree.removeTree(tree.root, toName('top'))
  const left = 'SELECT ino FROM inodes WHERE links = 0 AND ino = ?'
  t.equal(database.statement(left).get(ino), undefined, 'nothing of it remains')
  t.equal(tree.attributes(outside).links, 1, 'a name outside keeps its file')
  t.strictSame(checkMfs(database, drafts).problems, [])
  close()
})

t.test('a folder of more entries than a call takes arguments is removed', async t => {
  const { tree, database, drafts, close } = openTree(t.testdir())
  const count = 130_000
  const folder = makeFolder(tree, 'top')
  const ino = makeFile(tree, 'top/one', 'bytes')
  tree.forget(ino, 1)
  database.write(() => {
    database
      .statement(
        `WITH RECURSIVE more(number) AS (
           SELECT 1 UNION ALL SELECT number + 1 FROM more WHERE number < ?
         ) INSERT INTO dentries SELECT ?, CAST(number AS BLOB), ?, ? + number FROM more`
      )
      .run(count, folder, ino, 1_000_000)
    database.statement('UPDATE inodes SET links = links + ? WHERE ino = ?').run(count, ino)
  })
  tree.removeTree(tree.root, toName('top'))
  t.throws(() => tree.attributes(ino), { code: 'not-found' })
  t.strictSame(checkMfs(database, drafts).problems, [])
  close()
})
