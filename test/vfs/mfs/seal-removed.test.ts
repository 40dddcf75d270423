import t from 'tap'
import { toName } from '../../../src/base/names.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { memoryBlocks } from '../../lib/memory-blocks.ts'
import { caller, makeFile, names, openTree } from './open-tree.ts'

const MiB = 1024 * 1024

t.test('a name removed after a seal planned it is left out; the seal goes on', async t => {
  const memory = memoryBlocks()
  const acts = new Map<number, () => void>()
  const blocks = {
    ...memory,
    add: (bytes: Uint8Array, code?: number) => {
      acts.get(bytes.at(-1) ?? 0)?.()
      return memory.add(bytes, code)
    }
  }
  const { tree, database, drafts, close } = openTree(t.testdir(), { blocks, metadata: true })
  const open = makeFile(tree, 'open')
  const link = tree.makeSymlink(tree.root, toName('symlink'), Buffer.from('a'), caller).ino
  const closed = makeFile(tree, 'closed')
  tree.forget(link, 1)
  await tree.seal()
  for (const [ino, byte] of [
    [open, 102],
    [closed, 101]
  ] as const) {
    tree.openForWriting(ino, false)
    tree.write(ino, Buffer.alloc(MiB + 1, byte), 0)
  }
  tree.releaseWriting(closed)
  acts.set(101, () => tree.change(link, { mtime: 'now' }, caller))
  acts.set(102, () => {
    acts.clear()
    tree.remove(tree.root, toName('symlink'))
  })
  await tree.seal()
  t.equal(acts.size, 0, 'it was removed on the way')
  t.strictSame(names(tree, tree.root), ['closed', 'open'], 'the names that are left')
  t.strictSame(checkMfs(database, drafts).problems, [])
  tree.releaseWriting(open)
  await tree.seal()
  t.equal(tree.isDirty(), false)
  close()
})
