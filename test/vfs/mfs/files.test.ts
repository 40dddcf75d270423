import { readdirSync } from 'node:fs'
import t from 'tap'
import { limits } from '../../../src/base/limits.ts'
import { type Name, toName } from '../../../src/base/names.ts'
import { fileType } from '../../../src/vfs/api.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import {
  at,
  caller,
  makeFile,
  makeFolder,
  openTree,
  readText,
  smallDrafts,
  writeText
} from './open-tree.ts'

t.test('a write beyond the end leaves zeros before it, sealed or not', async t => {
  const { tree, close } = openTree(t.testdir())
  const ino = makeFile(tree, 'sparse', 'ab')
  writeText(tree, ino, 'z', 5)
  t.equal(readText(tree, ino), 'ab\0\0\0z')
  await tree.seal()
  writeText(tree, ino, '!', 8)
  t.equal(readText(tree, ino), 'ab\0\0\0z\0\0!')
  close()
})

for (const sealed of [false, true]) {
  const form = sealed ? 'sealed content' : 'a draft'
  t.test(`truncating ${form}: shorter, longer, empty by open`, async t => {
    const { tree, close } = openTree(t.testdir())
    const settle = async () => (sealed ? void (await tree.seal()) : undefined)
    const ino = makeFile(tree, 'file', 'hello world')
    await settle()
    t.equal(tree.change(ino, { size: 5 }, caller).size, 5)
    t.equal(readText(tree, ino), 'hello')
    await settle()
    t.equal(tree.change(ino, { size: 7 }, caller).size, 7)
    t.equal(readText(tree, ino), 'hello\0\0')
    await settle()
    tree.openForWriting(ino, true)
    t.equal(tree.attributes(ino).size, 0)
    tree.write(ino, Buffer.from('new'), 0)
    tree.releaseWriting(ino)
    await settle()
    t.equal(readText(tree, ino), 'new')
    close()
  })

  t.test(`times of ${form} are kept to the nanosecond, until it is written to`, async t => {
    let now = 2_000_000_000_000
    const clock = { nowMs: () => now++ }
    const { tree, close } = openTree(t.testdir(), { clock })
    const ino = makeFile(tree, 'file', 'text')
    if (sealed) await tree.seal()
    const mtime = { seconds: 1_234_567_890, nanoseconds: 987_654_321 }
    const atime = { seconds: -5, nanoseconds: 1 }
    const expected = {
      mtimeSeconds: mtime.seconds,
      mtimeNanoseconds: mtime.nanoseconds,
      atimeSeconds: -5,
      atimeNanoseconds: 1
    }
    t.match({ ...tree.change(ino, { mtime, atime }, caller) }, expected)
    t.match({ ...tree.attributes(ino) }, expected)
    tree.openForWriting(ino, false)
    tree.releaseWriting(ino)
    t.match({ ...tree.attributes(ino) }, expected, 'opened is not written')
    await tree.seal()
    t.match({ ...tree.attributes(ino) }, expected, 'sealed')
    writeText(tree, ino, 'T')
    t.not(tree.attributes(ino).mtimeSeconds, mtime.seconds)
    const written = tree.attributes(ino)
    await tree.seal()
    t.match(
      { ...tree.attributes(ino) },
      { mtimeSeconds: written.mtimeSeconds, mtimeNanoseconds: written.mtimeNanoseconds }
    )
    t.equal(tree.change(ino, { mtime: 'now' }, caller).mtimeSeconds, 2_000_000_000)
    close()
  })
}

t.test('mode, owner and group change alone and keep the type', async t => {
  const { tree, close } = openTree(t.testdir())
  const ino = makeFile(tree, 'file')
  t.match({ ...tree.change(ino, { mode: 0o4711 }, caller) }, { mode: 0o104711, uid: 1000 })
  t.match({ ...tree.change(ino, { uid: 5 }, caller) }, { mode: 0o104711, uid: 5, gid: 1000 })
  t.match({ ...tree.change(ino, { gid: 6 }, caller) }, { uid: 5, gid: 6 })
  close()
})

t.test('opening sealed content without writing copies nothing', async t => {
  const { tree, database, close } = openTree(t.testdir())
  const ino = makeFile(tree, 'file', 'text')
  await tree.seal()
  t.equal(smallDrafts(database), 0, 'the draft went when its blocks were durable')
  tree.openForWriting(ino, false)
  t.equal(smallDrafts(database), 0)
  t.equal(tree.isDirty(), false)
  tree.write(ino, Buffer.from('T'), 0)
  t.equal(smallDrafts(database), 1)
  t.equal(readText(tree, ino), 'Text')
  tree.releaseWriting(ino)
  close()
})

t.test('an unlinked file lives until its last handle is closed and forgotten', async t => {
  const { tree, database, drafts, close } = openTree(t.testdir())
  const { ino } = tree.createFile(1, toName('temporary'), 0o600, caller)
  tree.remove(1, toName('temporary'))
  tree.write(ino, Buffer.from('still here'), 0)
  t.equal(readText(tree, ino), 'still here')
  t.equal(tree.attributes(ino).links, 0)
  await tree.seal()
  t.equal(readText(tree, ino), 'still here', 'sealing leaves it alone')
  tree.releaseWriting(ino)
  tree.forget(ino, 1)
  await tree.seal()
  t.throws(() => tree.attributes(ino), { code: 'not-found' })
  t.same(checkMfs(database, drafts, { resting: true }).problems, [])
  close()
})

t.test(
  'unlinked files that nobody uses go at once if they are large, else many at a time',
  async t => {
    const { tree, database, drafts, close } = openTree(t.testdir())
    const before = checkMfs(database, drafts).inodes
    const letGo = (bytes: Uint8Array): number => {
      const { ino } = tree.createFile(1, toName('file'), 0o600, caller)
      tree.write(ino, bytes, 0)
      tree.releaseWriting(ino)
      tree.remove(1, toName('file'))
      tree.forget(ino, 1)
      return ino
    }
    const large = letGo(Buffer.alloc(100_000))
    t.throws(() => tree.attributes(large), { code: 'not-found' })
    const held = tree.createFile(1, toName('held'), 0o600, caller)
    tree.remove(1, toName('held'))
    for (let count = 0; count < 200; count++) letGo(Buffer.from('small'))
    t.ok(checkMfs(database, drafts).inodes < before + 100, 'most are gone before any seal')
    t.equal(tree.attributes(held.ino).links, 0, 'one that is held stays')
    await tree.seal()
    t.equal(checkMfs(database, drafts).inodes, before + 1)
    close()
  }
)

for (const [what, bytes] of [
  ['small', 1],
  ['large', limits.smallDraftBytes + 1]
] as const) {
  t.test(`${what} drafts of removed files are deleted once there are many`, async t => {
    const { tree, database, drafts, close } = openTree(t.testdir())
    for (let i = 0; i < 300; i++) {
      const ino = makeFile(tree, 'temporary', 'x'.repeat(bytes))
      tree.remove(1, toName('temporary'))
      tree.forget(ino, 1)
    }
    const left = readdirSync(drafts).length + smallDrafts(database)
    t.ok(left > 0 && left < 256, `${left} left`)
    close()
  })
}

t.test(
  'rm -rf: every entry is seen while those before it are removed, unfolding on the way',
  async t => {
    for (const sealed of [false, true]) {
      const { tree, close } = openTree(t.testdir(), {})
      makeFolder(tree, sealed ? 'sealed' : 'new')
      const folder = at(tree, sealed ? 'sealed' : 'new')
      const all = Array.from({ length: 700 }, (_, i) => `file-${i}`)
      for (const name of all) tree.makeNode(folder, toName(name), 0o100644, 0, caller)
      if (sealed) {
        const { cid } = await tree.seal()
        makeFile(tree, 'x')
        await tree.restore(cid)
      }
      const directory = at(tree, sealed ? 'sealed' : 'new')
      const seen: Name[] = []
      for (let cookie = 0, more = true; more; ) {
        const some: Name[] = []
        tree.readDirectory(directory, { cookie, withAttributes: false }, entry => {
          if (some.length === 50) return false
          cookie = entry.cookie
          some.push(entry.name)
          return true
        })
        for (const name of some) tree.remove(directory, name)
        seen.push(...some)
        more = some.length > 0
      }
      t.same([...seen].sort(), [...all].sort())
      tree.removeDirectory(1, toName(sealed ? 'sealed' : 'new'))
      close()
    }
  }
)

t.test('a program that renames each entry as it reads ends', async t => {
  const { tree, close } = openTree(t.testdir())
  for (let i = 0; i < 300; i++) makeFile(tree, `f${i}`)
  let seen = 0
  tree.readDirectory(1, { cookie: 0, withAttributes: true }, ({ name, attributes }) => {
    t.type(attributes?.ino, 'number')
    tree.rename(1, name, 1, toName(`${name}.bak`), { mode: 'no-replace' })
    seen++
    return seen < 1000
  })
  t.equal(seen, 300)
  close()
})

t.test('extended attributes are set, replaced, listed and removed; ours are read-only', async t => {
  const { tree, close } = openTree(t.testdir())
  const ino = makeFile(tree, 'file', 'x')
  await tree.seal()
  const value = Buffer.from([0, 255, 1])
  t.throws(() => tree.setXattr(ino, 'user.a', value, 'replace'), { code: 'no-attribute' })
  tree.setXattr(ino, 'user.a', value, 'create')
  t.throws(() => tree.setXattr(ino, 'user.a', value, 'create'), { code: 'exists' })
  t.same(Buffer.from(tree.xattr(ino, 'user.a')), value)
  t.same(tree.xattrNames(ino).sort(), ['user.a', 'user.cairn.cid'])
  tree.removeXattr(ino, 'user.a')
  t.throws(() => tree.removeXattr(ino, 'user.a'), { code: 'no-attribute' })
  t.throws(() => tree.xattr(ino, 'user.a'), { code: 'no-attribute' })
  t.throws(() => tree.setXattr(ino, 'user.cairn.cid', value, 'any'), { code: 'not-permitted' })
  const cid = tree.xattr(ino, 'user.cairn.cid')
  const other = makeFile(tree, 'other', 'y')
  tree.setXattr(other, 'user.cairn.cid', cid, 'any')
  t.throws(
    () => tree.xattr(other, 'user.cairn.cid'),
    { code: 'missing', want: { kind: 'sealed', id: String(other) } },
    'a copy carries its own, not the one it was copied with'
  )
  t.same(tree.xattrNames(other), ['user.cairn.cid'], 'listed before it is sealed')
  await tree.seal()
  t.notSame(tree.xattr(other, 'user.cairn.cid'), cid)
  const fifo = tree.makeNode(tree.root, toName('fifo'), fileType.fifo | 0o600, 0, caller).ino
  t.same(tree.xattrNames(fifo), [], 'what does not travel has none')
  t.throws(() => tree.xattr(fifo, 'user.cairn.cid'), { code: 'no-attribute' })
  t.throws(() => tree.setXattr(ino, 'system.posix_acl_access', value, 'any'), {
    code: 'unsupported'
  })
  t.throws(() => tree.setXattr(ino, 'user.b', Buffer.alloc(65537), 'any'), { code: 'out-of-range' })
  close()
})

t.test('synchronize holds for files, directories and what was sealed', async t => {
  const { tree, close } = openTree(t.testdir())
  const ino = makeFile(tree, 'file', 'x')
  tree.synchronize(ino)
  tree.synchronize(1)
  await tree.seal()
  tree.synchronize(ino)
  t.throws(() => tree.synchronize(4242), { code: 'not-found' })
  t.ok(tree.statistics().freeBlocks > 0)
  close()
})

t.test(
  'a time beyond what a block can say becomes the last that it can, and the file stays whole',
  async t => {
    for (const metadata of [true, false]) {
      const { tree, close } = openTree(t.testdir(), { metadata })
      const ino = makeFile(tree, 'file', 'bytes')
      const last = Number.MAX_SAFE_INTEGER
      for (const [seconds, shown] of [
        [2 ** 53, last],
        [2 ** 60, last],
        [2 ** 63, last],
        [-(2 ** 60), -last],
        [-(2 ** 63), -last]
      ] as const) {
        const time = { seconds, nanoseconds: 1 }
        tree.change(ino, { atime: time, mtime: time }, caller)
        const { mtimeSeconds, atimeSeconds } = tree.attributes(ino)
        t.strictSame([mtimeSeconds, atimeSeconds], [shown, shown], `${seconds}`)
        const { cid } = await tree.seal()
        t.equal(readText(tree, ino), 'bytes', 'sealed')
        await tree.restore(cid)
        t.equal(readText(tree, at(tree, 'file')), 'bytes', 'and restored from its blocks')
        tree.change(at(tree, 'file'), { mode: 0o600 }, caller)
        await tree.seal()
      }
      close()
    }
  }
)
