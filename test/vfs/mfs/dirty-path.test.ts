import t from 'tap'
import { toName } from '../../../src/base/names.ts'
import { at, makeFile, makeFolder, openTree, writeText } from './open-tree.ts'

const path = (text: string) => text.split('/').map(toName)

t.test('what was written is dirty at its path and above, and nothing beside it is', async t => {
  const opened = openTree(t.testdir())
  const { tree } = opened
  t.teardown(() => opened.close())
  for (const folder of ['site', 'site/deep', 'other']) makeFolder(tree, folder)
  makeFile(tree, 'site/deep/page', 'one')
  makeFile(tree, 'other/file', 'one')
  await tree.seal()
  const dirty = () =>
    [
      'site',
      'site/deep',
      'site/deep/page',
      'other',
      'other/file',
      'none',
      'other/file/below'
    ].filter(each => tree.isDirty(path(each)))
  t.strictSame(dirty(), [])
  writeText(tree, at(tree, 'other/file'), 'two')
  t.strictSame(dirty(), ['other', 'other/file'])
  await tree.seal()
  writeText(tree, at(tree, 'site/deep/page'), 'two')
  t.strictSame(dirty(), ['site', 'site/deep', 'site/deep/page'])
  t.equal(tree.isDirty(), true)
  await tree.seal()
  tree.remove(at(tree, 'site/deep'), toName('page'))
  t.strictSame(dirty(), ['site', 'site/deep'], 'a name less')
})
