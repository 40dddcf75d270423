import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { limits } from '../../../src/base/limits.ts'
import { toName } from '../../../src/base/names.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { mfsSharedMemory } from '../../../src/vfs/mfs/lookups.ts'
import { caller, makeFile, type OpenTree, openTree, readText, smallDrafts } from './open-tree.ts'

const most = limits.smallDraftBytes

function create({ tree }: OpenTree, name: string): number {
  return tree.createFile(1, toName(name), 0o644, caller).ino
}

function bytesOf({ tree }: OpenTree, ino: number): Buffer {
  const target = Buffer.alloc(4 * most)
  return target.subarray(0, tree.read(ino, target, 0))
}

t.test('a small file is a row, and a file once it grows', async t => {
  const it = openTree(t.testdir())
  const ino = create(it, 'grows')
  it.tree.write(ino, Buffer.alloc(most, 1), 0)
  t.same(readdirSync(it.drafts), [])
  t.equal(smallDrafts(it.database), 1)
  it.tree.write(ino, Buffer.from([2]), most)
  t.equal(readdirSync(it.drafts).length, 1)
  t.equal(smallDrafts(it.database), 0)
  t.same(bytesOf(it, ino), Buffer.concat([Buffer.alloc(most, 1), Buffer.from([2])]))
  it.tree.change(ino, { size: 3 }, caller)
  t.same(bytesOf(it, ino), Buffer.alloc(3, 1))
  it.tree.releaseWriting(ino)
  await it.tree.seal()
  t.same(bytesOf(it, ino), Buffer.alloc(3, 1))
  t.same(checkMfs(it.database, it.drafts, { resting: true }).problems, [])
  it.close()
})

t.test('writes in any order give the bytes that a file would have', async t => {
  const table: Array<[what: string, writes: Array<[position: number, bytes: number]>]> = [
    ['piece after piece', Array.from({ length: 9 }, (_, i) => [i * 3000, 3000])],
    ['from the end to the beginning', Array.from({ length: 9 }, (_, i) => [(8 - i) * 3000, 3000])],
    [
      'shorter over longer',
      [
        [0, 5000],
        [0, 100],
        [50, 10]
      ]
    ],
    [
      'a hole, within the bound',
      [
        [9000, 10],
        [0, 10]
      ]
    ],
    [
      'a hole across the bound',
      [
        [0, 10],
        [most + 5000, 10],
        [20, 10]
      ]
    ],
    [
      'one byte around the bound',
      [
        [most - 1, 1],
        [most, 1],
        [0, 1]
      ]
    ],
    [
      'nothing at all',
      [
        [0, 0],
        [most + 1, 0]
      ]
    ]
  ]
  for (const [what, writes] of table) {
    const it = openTree(t.testdir())
    const ino = create(it, 'file')
    let model = Buffer.alloc(0)
    for (const [index, [position, count]] of writes.entries()) {
      const piece = Buffer.alloc(count, index + 1)
      it.tree.write(ino, piece, position)
      const grown = Buffer.alloc(
        count === 0 ? model.length : Math.max(model.length, position + count)
      )
      model.copy(grown)
      piece.copy(grown, position)
      model = grown
    }
    t.ok(bytesOf(it, ino).equals(model), what)
    t.equal(it.tree.attributes(ino).size, model.length, what)
    it.close()
  }
})

t.test('a time set by hand stays until the next write, through growing and copying', async t => {
  const it = openTree(t.testdir())
  const ino = create(it, 'dated')
  it.tree.write(ino, Buffer.from('small'), 0)
  it.tree.change(ino, { mtime: { seconds: 77, nanoseconds: 5 } }, caller)
  const dated = { mtimeSeconds: 77, mtimeNanoseconds: 5 }
  t.match(it.tree.attributes(ino), dated)
  const copy = it.tree.clone(ino, 1, toName('copy'), { caller, members: true })
  t.match(it.tree.attributes(copy.ino), { ...dated, size: 5 })
  t.ok(it.tree.change(ino, { size: most + 1 }, caller).mtimeSeconds > 77, 'a new size is a change')
  it.tree.change(ino, { mtime: { seconds: 78, nanoseconds: 0 } }, caller)
  t.match(it.tree.attributes(ino), { mtimeSeconds: 78, size: most + 1 })
  it.tree.write(ino, Buffer.from('x'), 0)
  t.ok(it.tree.attributes(ino).mtimeSeconds > 78)
  it.close()
})

t.test('growth that is undone leaves the row, which counts whatever file is there', async t => {
  const it = openTree(t.testdir())
  const ino = create(it, 'file')
  it.tree.write(ino, Buffer.from('as it was'), 0)
  t.throws(() =>
    it.database.write(() => {
      it.tree.write(ino, Buffer.alloc(2 * most, 1), 0)
      t.equal(readdirSync(it.drafts).length, 1)
      throw new Error('something later in the transaction')
    })
  )
  t.equal(readText(it.tree, ino), 'as it was')
  it.tree.write(ino, Buffer.from('AS'), 0)
  t.equal(readText(it.tree, ino), 'AS it was')
  it.tree.write(ino, Buffer.from('!'), most)
  t.equal(bytesOf(it, ino).length, most + 1, 'nothing of the undone file shows')
  t.equal(bytesOf(it, ino).toString('latin1', 0, 12), 'AS it was\0\0\0')
  t.same(checkMfs(it.database, it.drafts).problems, [])
  it.close()
})

t.test('instances see each other grow, shrink and delete', async t => {
  const home = t.testdir()
  const shared = mfsSharedMemory()
  const [one, other] = [openTree(home, { shared }), openTree(home, { shared })]
  const ino = create(one, 'file')
  one.tree.write(ino, Buffer.from('one'), 0)
  t.equal(readText(other.tree, ino), 'one')
  other.tree.write(ino, Buffer.from('two'), most)
  one.tree.write(ino, Buffer.from('ONE'), 0)
  t.equal(bytesOf(other, ino).toString('latin1', 0, 3), 'ONE')
  t.equal(bytesOf(one, ino).length, most + 3)
  one.tree.releaseWriting(ino)
  await other.tree.seal()
  t.equal(bytesOf(one, ino).length, most + 3)
  t.same(readdirSync(one.drafts), [])
  for (const { close } of [one, other]) close()
})

t.test(
  'what was synchronised and then grew is found again after an end without goodbye',
  async t => {
    const home = t.testdir()
    const it = openTree(home)
    const ino = create(it, 'file')
    it.tree.write(ino, Buffer.from('promised'), 0)
    it.tree.synchronize(ino)
    it.tree.write(ino, Buffer.from('more'), most)
    it.tree.synchronize(ino)
    const again = openTree(home, { recover: true })
    t.equal(bytesOf(again, ino).toString('latin1', 0, 8), 'promised')
    t.equal(bytesOf(again, ino).length, most + 4)
    t.same(checkMfs(again.database, again.drafts, { resting: true }).problems, [])
    again.close()
    it.close()
  }
)

t.test('a file that was being made of a row when the process ended goes at the start', async t => {
  const home = t.testdir()
  const it = openTree(home)
  const ino = makeFile(it.tree, 'file', 'text')
  const row = it.database.statement('SELECT draft FROM inodes WHERE ino = ?').get(ino)
  writeFileSync(join(it.drafts, String((row as { draft: number }).draft)), 'half of')
  it.close()
  const again = openTree(home, { recover: true })
  t.same(readdirSync(again.drafts), [])
  t.equal(readText(again.tree, ino), 'text')
  await again.tree.seal()
  t.same(checkMfs(again.database, again.drafts, { resting: true }).problems, [])
  again.close()
})

t.test('rows of no inode go at the start', async t => {
  const home = t.testdir()
  const it = openTree(home)
  makeFile(it.tree, 'kept', 'text')
  const stray = "INSERT INTO mfs_small_drafts VALUES (99999, x'00', NULL, NULL, 0)"
  it.database.write(() => it.database.statement(stray).run())
  t.match(checkMfs(it.database, it.drafts, { resting: true }).problems, [
    /a small draft of no inode/
  ])
  it.close()
  const again = openTree(home, { recover: true })
  t.equal(smallDrafts(again.database), 1)
  t.same(checkMfs(again.database, again.drafts, { resting: true }).problems, [])
  again.close()
})
