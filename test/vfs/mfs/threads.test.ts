import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { toName } from '../../../src/base/names.ts'
import { WriteLock } from '../../../src/base/write-lock.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { mfsSharedMemory } from '../../../src/vfs/mfs/lookups.ts'
import { at, makeFile, names, openTree, readText } from './open-tree.ts'

function setup(t: Test) {
  const home = t.testdir()
  const shared = mfsSharedMemory()
  const writeLock = new WriteLock()
  const opened = openTree(home, { shared, writeLock })
  const start = (kind: 'append' | 'make', name: string) => {
    const signals = new Int32Array(new SharedArrayBuffer(8))
    const workerData = {
      home,
      shared,
      kind,
      name,
      lock: writeLock.memory,
      signals: signals.buffer
    }
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData })
    const done = once(worker, 'message')
    const reaches = async (count: number) => {
      for (let seen = Atomics.load(signals, 1); seen < count; seen = Atomics.load(signals, 1)) {
        const waiting = Atomics.waitAsync(signals, 1, seen)
        await Promise.race([waiting.value, done])
      }
    }
    const stop = async () => {
      Atomics.store(signals, 0, 1)
      await done
      return Atomics.load(signals, 1)
    }
    const progress = () => Atomics.load(signals, 1)
    return { reaches, stop, progress }
  }
  return { ...opened, start }
}

t.test(
  'a thread writes, opens and closes all the while the tree is sealed: no byte is lost',
  async t => {
    const { tree, database, drafts, close, start } = setup(t)
    makeFile(tree, 'log')
    const writer = start('append', 'log')
    for (let seal = 0; seal < 60; seal++) {
      await writer.reaches(writer.progress() + 5)
      await tree.seal()
      const text = readText(tree, at(tree, 'log'))
      const wrong = text
        .split('\n')
        .slice(0, -1)
        .findIndex((line, i) => line !== `line ${i}`)
      if (wrong !== -1) t.fail(`line ${wrong} is wrong after seal ${seal}`)
    }
    const lines = await writer.stop()
    const expected = Array.from({ length: lines }, (_, line) => `line ${line}\n`).join('')
    t.ok(lines > 300, `${lines} lines`)
    t.equal(readText(tree, at(tree, 'log')), expected)
    tree.openForWriting(at(tree, 'log'), false)
    tree.releaseWriting(at(tree, 'log'))
    await tree.seal()
    t.equal(readText(tree, at(tree, 'log')), expected, 'and sealed')
    t.same(checkMfs(database, drafts).problems, [])
    close()
  }
)

t.test('two threads make, link, rename and remove at once while the tree is sealed', async t => {
  const { tree, database, drafts, close, start } = setup(t)
  const one = start('make', 'one')
  const two = start('make', 'two')
  for (let seal = 0; seal < 20; seal++) {
    await Promise.all([one.reaches(one.progress() + 5), two.reaches(two.progress() + 5)])
    await tree.seal()
    t.same(checkMfs(database, drafts).problems, [], `after seal ${seal}`)
  }
  const rounds = [await one.stop(), await two.stop()]
  t.same(names(tree, at(tree, 'one')), ['current'])
  t.equal(readText(tree, at(tree, 'one/current')), `round ${rounds[0]! - 1}`)
  t.equal(readText(tree, at(tree, 'two/current')), `round ${rounds[1]! - 1}`)
  await tree.seal()
  t.same(checkMfs(database, drafts).problems, [])
  t.equal(tree.isDirty(), false)
  close()
})

t.test('what one thread looked up another may write, read and forget', async t => {
  const home = t.testdir()
  const shared = mfsSharedMemory()
  const a = openTree(home, { shared })
  const b = openTree(home, { shared })
  const ino = makeFile(a.tree, 'file', 'from a')
  b.tree.openForWriting(ino, false)
  a.tree.write(ino, Buffer.from('FROM'), 0)
  t.equal(readText(b.tree, ino), 'FROM a')
  await b.tree.seal()
  t.equal(a.tree.isDirty(), true, 'it is open still')
  a.tree.write(ino, Buffer.from('more'), 6)
  b.tree.releaseWriting(ino)
  await a.tree.seal()
  t.equal(b.tree.isDirty(), false)
  t.equal(readText(b.tree, ino), 'FROM amore')
  b.tree.remove(1, toName('file'))
  t.equal(readText(a.tree, ino), 'FROM amore', 'unlinked, held')
  a.tree.forget(ino, 1)
  await a.tree.seal()
  t.throws(() => b.tree.attributes(ino), { code: 'not-found' })
  a.close()
  b.close()
})
