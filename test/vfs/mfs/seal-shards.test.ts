import t, { type Test } from 'tap'
import { multihashKey } from '../../../src/base/blocks.ts'
import { nameText, toName } from '../../../src/base/names.ts'
import type { Profile } from '../../../src/unixfs/api.ts'
import { profiles } from '../../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../../src/unixfs/writer.ts'
import { fileType } from '../../../src/vfs/api.ts'
import type { Mfs } from '../../../src/vfs/mfs/api.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { memoryBlocks } from '../../lib/memory-blocks.ts'
import { dieOf } from '../../soak/random.ts'
import {
  at,
  caller,
  makeFile,
  makeFolder,
  type OpenTree,
  openTree,
  place,
  writeText
} from './open-tree.ts'

/** Large directories are sealed by the shards that changed; what comes of it is what all names would give. */

const plain = profiles['unixfs-v1-2025']
/** Sharded from some ten names on. */
const profile: Profile = { ...plain, hamt: { ...plain.hamt, thresholdBytes: 600 } }

function open(t: Test): OpenTree & { reads: () => number } {
  const blocks = memoryBlocks()
  let reads = 0
  const counted = {
    ...blocks,
    size: blocks.size,
    readInto: blocks.readInto,
    flush: blocks.flush,
    read: blocks.read,
    add: (bytes: Uint8Array, code?: number) => {
      reads++
      return blocks.add(bytes, code)
    }
  }
  const opened = openTree(t.testdir(), { blocks: counted, profile })
  t.teardown(opened.close)
  return { ...opened, reads: () => reads }
}

function makeMany(tree: Mfs, folder: string, count: number): void {
  makeFolder(tree, folder)
  for (let number = 0; number < count; number++)
    makeFile(tree, `${folder}/file-${number}`, `${number}`)
}

/** What is wrong with the blocks of a directory that is sealed: other names or content than the tree shows, or another form. */
function wrong({ tree, database, blocks }: OpenTree, folder: string): string[] {
  const ino = at(tree, folder)
  const row = database
    .statement('SELECT codec, multihash, dirty FROM inodes WHERE ino = ?')
    .get(ino)
  // Nobody has touched it since it came from blocks.
  if (row === undefined) return []
  if (row.dirty !== 0) return [`${folder} is dirty`]
  const multihash = row.multihash as Uint8Array
  const links = openUnixfsReader(blocks).list(Number(row.codec), multihash)
  const anew = openUnixfsWriter(memoryBlocks(), profile).directory(links).multihash
  const problems = multihashKey(anew) === multihashKey(multihash) ? [] : ['another form']
  const found = new Map(links.map(link => [nameText(link.name), multihashKey(link.multihash)]))
  tree.readDirectory(ino, { cookie: 0, withAttributes: false }, entry => {
    if ((entry.mode & fileType.mask) === fileType.fifo) return true
    const name = nameText(entry.name)
    const content = database.statement('SELECT multihash FROM inodes WHERE ino = ?').get(entry.ino)
    const sealed = found.get(name)
    found.delete(name)
    if (sealed === undefined) problems.push(`${name} is not sealed`)
    else if (content && sealed !== multihashKey(content.multihash as Uint8Array)) {
      problems.push(`${name} has other content`)
    }
    return true
  })
  return [...problems, ...[...found.keys()].map(name => `${name} is there still`)]
}

const changes: ReadonlyArray<readonly [string, (tree: Mfs) => void]> = [
  ['written to', tree => writeText(tree, at(tree, 'big/file-7'), 'other')],
  ['made', tree => void makeFile(tree, 'big/new', 'new')],
  ['removed', tree => tree.remove(at(tree, 'big'), toName('file-7'))],
  ['renamed', tree => tree.rename(...place(tree, 'big/file-7'), ...place(tree, 'big/x'), replace)],
  ['moved out', tree => tree.rename(...place(tree, 'big/file-7'), ...place(tree, 'x'), replace)],
  ['moved in', tree => tree.rename(...place(tree, 'beside'), ...place(tree, 'big/x'), replace)],
  [
    'replaced',
    tree => tree.rename(...place(tree, 'beside'), ...place(tree, 'big/file-7'), replace)
  ],
  [
    'exchanged',
    tree =>
      tree.rename(...place(tree, 'beside'), ...place(tree, 'big/file-7'), { mode: 'exchange' })
  ],
  ['linked', tree => void tree.makeLink(at(tree, 'beside'), ...place(tree, 'big/x'))],
  [
    'written to through its name elsewhere',
    tree => writeText(tree, at(tree, 'linked'), 'by the other name')
  ],
  ['a folder in it', tree => void makeFile(tree, `${made(tree, 'big/sub')}/in`, 'deep')],
  [
    'no file any more',
    tree => {
      tree.remove(at(tree, 'big'), toName('file-7'))
      tree.makeNode(at(tree, 'big'), toName('file-7'), fileType.fifo | 0o600, 0, caller)
    }
  ],
  [
    'copied',
    tree =>
      void tree.clone(at(tree, 'big/file-7'), ...place(tree, 'big/copy'), { caller, members: true })
  ],
  ['touched and as it was', tree => writeText(tree, at(tree, 'big/file-7'), '7')]
]

const replace = { mode: 'replace' } as const

function made(tree: Mfs, path: string): string {
  makeFolder(tree, path)
  return path
}

function begin(t: Test): ReturnType<typeof open> {
  const opened = open(t)
  makeMany(opened.tree, 'big', 200)
  makeFile(opened.tree, 'beside', 'beside')
  opened.tree.makeLink(at(opened.tree, 'big/file-9'), ...place(opened.tree, 'linked'))
  return opened
}

for (const [what, change] of changes) {
  for (const folded of [false, true]) {
    t.test(`a name is ${what}${folded ? ', of a folder that came from blocks' : ''}`, async t => {
      const opened = begin(t)
      const { tree, database, drafts } = opened
      const { cid } = await tree.seal()
      if (folded) {
        await tree.restore(cid)
        // The first change after it makes the directory's blocks known.
        writeText(tree, at(tree, 'big/file-1'), 'first')
        await tree.seal()
      }
      if (folded && what.includes('elsewhere')) return t.pass('hard links are not in blocks')
      t.same(wrong(opened, 'big'), [])
      const before = opened.reads()
      change(tree)
      await tree.seal()
      t.same(wrong(opened, 'big'), [])
      t.same(checkMfs(database, drafts).problems, [])
      if (!folded) t.ok(opened.reads() - before < 25, 'few blocks were made')
    })
  }
}

t.test('what is open stays to be sealed, and is then', async t => {
  const opened = begin(t)
  const { tree } = opened
  await tree.seal()
  const ino = at(tree, 'big/file-3')
  tree.openForWriting(ino, false)
  tree.write(ino, Buffer.from('while it is open'), 0)
  makeFile(tree, 'big/new', 'new')
  await tree.seal()
  tree.remove(at(tree, 'big'), toName('file-4'))
  tree.releaseWriting(ino)
  await tree.seal()
  t.same(wrong(opened, 'big'), [])
})

t.test('one that shrinks is no longer sharded, one that grows is again', async t => {
  const opened = begin(t)
  const { tree } = opened
  await tree.seal()
  for (let number = 3; number < 200; number++)
    tree.remove(at(tree, 'big'), toName(`file-${number}`))
  await tree.seal()
  t.same(wrong(opened, 'big'), [])
  for (const count of [40, 1]) {
    for (let number = 0; number < count; number++) makeFile(tree, `big/again-${count}-${number}`)
    await tree.seal()
    t.same(wrong(opened, 'big'), [])
  }
})

t.test('one that is removed is forgotten with its names', async t => {
  const home = t.testdir()
  const first = openTree(home, { profile })
  makeMany(first.tree, 'big', 50)
  await first.tree.seal()
  makeFile(first.tree, 'big/new')
  const rows = () =>
    ['mfs_sharded', 'mfs_changed_names'].map(
      table => first.database.statement(`SELECT * FROM ${table}`).all().length
    )
  t.same(rows(), [1, 1])
  first.tree.removeTree(1, toName('big'))
  await first.tree.seal()
  first.close()
  const again = openTree(home, { profile, recover: true })
  for (const table of ['mfs_sharded', 'mfs_changed_names']) {
    t.same(again.database.statement(`SELECT * FROM ${table}`).all(), [], table)
  }
  again.close()
})

t.test('where the blocks it would start from are gone, it is built of all names', async t => {
  const opened = begin(t)
  const { tree, database } = opened
  await tree.seal()
  const unknown = Buffer.alloc(34, 9)
  unknown.set([0x12, 0x20])
  const ino = at(tree, 'big')
  for (const table of ['mfs_sharded', 'inodes']) {
    const key = table === 'inodes' ? 'ino' : 'directory'
    database.statement(`UPDATE ${table} SET multihash = ? WHERE ${key} = ?`).run(unknown, ino)
  }
  makeFile(tree, 'big/new')
  await tree.seal()
  t.same(wrong(opened, 'big'), [])
})

t.test('any changes, sealed now and then', async t => {
  const opened = begin(t)
  const { tree, database, drafts } = opened
  makeMany(tree, 'other', 60)
  const die = dieOf(11)
  const path = () => `${die.pick(['big', 'other'])}/file-${die.throw(220)}`
  for (let round = 0; round < 60; round++) {
    for (let steps = 1 + die.throw(6); steps > 0; steps--) {
      const [one, two] = [path(), path()]
      const act = die.pick([
        () => writeText(tree, at(tree, one), `round ${round}`),
        () => void makeFile(tree, one, `made ${round}`),
        () => tree.remove(...place(tree, one)),
        () => tree.rename(...place(tree, one), ...place(tree, two), replace),
        () => tree.rename(...place(tree, one), ...place(tree, two), { mode: 'exchange' }),
        () => void tree.makeLink(at(tree, one), ...place(tree, two))
      ])
      try {
        act()
      } catch {
        // There is no such name, or there is one already.
      }
    }
    const { cid } = await tree.seal()
    const problems = [...wrong(opened, 'big'), ...wrong(opened, 'other')]
    if (problems.length > 0) return t.fail(`round ${round}: ${problems.join('; ')}`)
    if (round % 20 === 19) await tree.restore(cid)
  }
  t.same(checkMfs(database, drafts).problems, [])
})
