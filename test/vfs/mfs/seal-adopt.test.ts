import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { CairnError } from '../../../src/base/errors.ts'
import { toName } from '../../../src/base/names.ts'
import { checkStore } from '../../../src/store/check.ts'
import { openUnixfsReader } from '../../../src/unixfs/reader.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { seededBytes } from '../../lib/deterministic.ts'
import { type AdoptingTree, openAdoptingTree } from './adopting-tree.ts'
import { caller, makeFile, openTree, readText, writeText } from './open-tree.ts'

/** Drafts that become segments as they are, under everything that may happen to them meanwhile. */

const MiB = 1024 * 1024
const bytes = seededBytes(9 * MiB + 5, 'draft')

type Settings = Parameters<typeof openAdoptingTree>[1]

function open(t: Test, settings: Settings = {}): AdoptingTree & { home: string } {
  const home = t.testdir()
  const opened = openAdoptingTree(home, settings)
  t.teardown(opened.close)
  return { ...opened, home }
}

function makeLarge({ tree }: Pick<AdoptingTree, 'tree'>, name = 'large', content = bytes): number {
  const { ino } = tree.createFile(tree.root, toName(name), 0o644, caller)
  for (let at = 0; at < content.length; at += MiB) {
    tree.write(ino, content.subarray(at, at + MiB), at)
  }
  tree.releaseWriting(ino)
  return ino
}

function filesIn(home: string, folder: 'drafts' | 'segments', end: string): string[] {
  return readdirSync(join(home, folder)).filter(name => name.endsWith(end))
}

function contentOf({ tree }: Pick<AdoptingTree, 'tree'>, ino: number): Buffer {
  const target = Buffer.alloc(tree.attributes(ino).size)
  tree.read(ino, target, 0)
  return target
}

function isSound(t: Test, { database, drafts, home }: AdoptingTree & { home: string }): void {
  t.same(checkMfs(database, drafts).problems, [])
  t.same(checkStore({ segments: join(home, 'segments'), database }).damaged, [])
}

for (const metadata of [false, true]) {
  for (const threads of [undefined, 2]) {
    const how = `${threads ?? 'no'} threads, ${metadata ? 'with' : 'without'} metadata`
    t.test(`a large draft is sealed in place, to the CID of any seal: ${how}`, async t => {
      const mtime = { seconds: 1_600_000_000, nanoseconds: 0 }
      const plain = openTree(join(t.testdir({ plain: {} }), 'plain'), { metadata })
      for (const ino of [makeLarge(plain), 1]) plain.tree.change(ino, { mtime }, caller)
      const expected = (await plain.tree.seal()).cid.toString()
      plain.close()
      const opened = open(t, { metadata, ...(threads === undefined ? {} : { threads }) })
      const ino = makeLarge(opened)
      for (const changed of [ino, 1]) opened.tree.change(changed, { mtime }, caller)
      const [draft = ''] = readdirSync(opened.drafts)
      const { ino: file } = statSync(join(opened.drafts, draft))
      t.equal((await opened.tree.seal()).cid.toString(), expected)
      const [flat = ''] = filesIn(opened.home, 'segments', '.flat')
      t.equal(statSync(join(opened.home, 'segments', flat)).ino, file)
      t.same(readdirSync(opened.drafts), [], 'the draft is no draft any more')
      t.ok(contentOf(opened, ino).equals(bytes))
      t.equal(opened.tree.isDirty(), false)
      isSound(t, opened)
    })
  }
}

t.test('writing to it again leaves what was sealed as it is', async t => {
  const opened = open(t)
  const ino = makeLarge(opened)
  const { cid } = await opened.tree.seal()
  writeText(opened.tree, ino, 'LATER', 3 * MiB)
  t.equal(contentOf(opened, ino).toString('latin1', 3 * MiB, 3 * MiB + 5), 'LATER')
  const reader = openUnixfsReader(opened.blocks)
  const file = reader.lookup(cid.code, cid.multihash.bytes, toName('large'))
  const piece = Buffer.alloc(5)
  if (file === undefined) return t.fail('no file')
  reader.readFile(file.codec, file.multihash, piece, 3 * MiB)
  t.ok(piece.equals(bytes.subarray(3 * MiB, 3 * MiB + 5)))
  await opened.tree.seal()
  t.equal(filesIn(opened.home, 'segments', '.flat').length, 1, 'what is mostly here is not adopted')
  isSound(t, opened)
})

const meanwhile: ReadonlyArray<
  readonly [string, (tree: AdoptingTree, ino: number) => void, Buffer | undefined]
> = [
  [
    'written to and closed',
    ({ tree }, ino) => writeText(tree, ino, 'LATE'),
    Buffer.concat([Buffer.from('LATE'), bytes.subarray(4)])
  ],
  ['opened for writing', ({ tree }, ino) => tree.openForWriting(ino, false), bytes],
  [
    'cut short',
    ({ tree }, ino) => void tree.change(ino, { size: 5 }, caller),
    bytes.subarray(0, 5)
  ],
  ['made executable', ({ tree }, ino) => void tree.change(ino, { mode: 0o755 }, caller), bytes],
  ['removed', ({ tree }) => tree.remove(1, toName('large')), undefined]
]

for (const [name, change, left] of meanwhile) {
  t.test(`a draft that is ${name} while it is hashed stays one`, async t => {
    let once = true
    const opened: AdoptingTree & { home: string } = open(t, {
      asked: async ask => {
        const imported = await ask()
        if (once) change(opened, ino)
        once = false
        return imported
      }
    })
    const ino = makeLarge(opened)
    const { cid } = await opened.tree.seal()
    t.same(filesIn(opened.home, 'segments', '.flat'), [])
    for (const _ of openUnixfsReader(opened.blocks).walk(CID.parse(cid.toString())));
    if (left !== undefined) t.ok(contentOf(opened, ino).equals(left))
    isSound(t, opened)
    if (left !== undefined && opened.tree.attributes(ino).size === left.length) {
      await opened.tree.seal()
      t.ok(contentOf(opened, ino).equals(left))
    }
    isSound(t, opened)
  })
}

t.test('where others may write to drafts in place, none becomes a segment', async t => {
  const opened = open(t, { sharesDrafts: true })
  const ino = makeLarge(opened)
  await opened.tree.seal()
  t.same(filesIn(opened.home, 'segments', '.flat'), [])
  t.ok(contentOf(opened, ino).equals(bytes))
  isSound(t, opened)
})

t.test('two that seal at once adopt a draft once', async t => {
  const home = t.testdir()
  const barrier = Promise.withResolvers<void>()
  let asked = 0
  const settings: Settings = {
    asked: async ask => {
      const imported = await ask()
      if (++asked === 2) barrier.resolve()
      await barrier.promise
      return imported
    }
  }
  const [one, other] = [openAdoptingTree(home, settings), openAdoptingTree(home, settings)]
  const ino = makeLarge(one)
  await Promise.all([one.tree.seal(), other.tree.seal()])
  t.equal(asked, 2)
  t.equal(filesIn(home, 'segments', '.flat').length, 1)
  t.ok(contentOf(other, ino).equals(bytes))
  isSound(t, { ...one, home })
  for (const { close } of [one, other]) await close()
})

t.test('a seal that fails before it commits leaves drafts, and no segments', async t => {
  let fails = true
  const opened = open(t, {
    asked: ask => {
      if (fails && ++asked === 2) throw new CairnError('aborted', 'enough')
      return ask()
    }
  })
  let asked = 0
  const inos = ['first', 'second'].map(name => makeLarge(opened, name, seededBytes(9 * MiB, name)))
  await t.rejects(opened.tree.seal(), { code: 'aborted' })
  t.same(filesIn(opened.home, 'segments', '.flat'), [])
  t.same(filesIn(opened.home, 'segments', '.flat.lock'), [])
  t.equal(readdirSync(opened.drafts).length, 2)
  fails = false
  await opened.tree.seal()
  t.equal(filesIn(opened.home, 'segments', '.flat').length, 2)
  for (const [at, name] of ['first', 'second'].entries()) {
    t.ok(contentOf(opened, inos[at] ?? 0).equals(seededBytes(9 * MiB, name)))
  }
  isSound(t, opened)
})

t.test('what was sealed in place is there after a restart, and can be removed', async t => {
  const home = t.testdir()
  const first = openAdoptingTree(home)
  const ino = makeLarge(first)
  makeFile(first.tree, 'small', 'beside it')
  await first.tree.seal()
  await first.close()
  const again = openAdoptingTree(home, { recover: true })
  t.ok(contentOf(again, ino).equals(bytes))
  t.equal(readText(again.tree, again.tree.lookup(1, toName('small')).ino), 'beside it')
  again.tree.remove(1, toName('large'))
  await again.tree.seal()
  t.same(checkMfs(again.database, again.drafts, { resting: false }).problems, [])
  await again.close()
})
