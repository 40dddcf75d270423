import t, { type Test } from 'tap'
import { toName } from '../../../src/base/names.ts'
import { openUnixfsReader } from '../../../src/unixfs/reader.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { memoryBlocks } from '../../lib/memory-blocks.ts'
import { caller, makeFile, openTree, writeText } from './open-tree.ts'

const MiB = 1024 * 1024

/** A file of 3 MiB that stays open for writing, seen by a clock an hour ahead: its draft has settled. */
async function setup(t: Test, aheadMs = 3_600_000) {
  const memory = memoryBlocks()
  const leaves = { added: 0 }
  const blocks = {
    ...memory,
    add: (bytes: Uint8Array, code?: number) => {
      if (bytes.length === MiB) leaves.added++
      return memory.add(bytes, code)
    }
  }
  const clock = { nowMs: () => Date.now() + aheadMs }
  const opened = openTree(t.testdir(), { blocks, metadata: true, clock })
  const { tree } = opened
  t.teardown(() => opened.close())
  const ino = makeFile(tree, 'image')
  tree.openForWriting(ino, false)
  for (let piece = 0; piece < 3; piece++) {
    tree.write(ino, Buffer.alloc(MiB, piece + 1), piece * MiB)
  }
  /** Leaves that a seal cuts; something else is written before it. */
  const seal = async () => {
    leaves.added = 0
    makeFile(tree, `other ${Math.random()}`)
    const { cid } = await tree.seal()
    return { added: leaves.added, cid }
  }
  const inSnapshot = (cid: Awaited<ReturnType<typeof seal>>['cid']) => {
    const reader = openUnixfsReader(memory)
    const link = reader.lookup(cid.code, cid.multihash.bytes, toName('image'))
    if (link === undefined) throw new Error('no image')
    const bytes = Buffer.alloc(4 * MiB)
    const length = reader.readFile(link.codec, link.multihash, bytes, 0)
    return { info: reader.infoOf(link.codec, link.multihash), bytes: bytes.subarray(0, length) }
  }
  return { ...opened, ino, seal, inSnapshot }
}

t.test('a file that stays open is not read again while nobody writes to it', async t => {
  const { tree, database, drafts, ino, seal, inSnapshot } = await setup(t)
  t.equal((await seal()).added, 3)
  const { added, cid } = await seal()
  t.equal(added, 0)
  t.strictSame(inSnapshot(cid).bytes[2 * MiB], 3)
  tree.change(ino, { mode: 0o600 }, caller)
  const changed = await seal()
  t.equal(changed.added, 0, 'nor when its mode changes')
  t.equal(inSnapshot(changed.cid).info.mode, 0o600)
  tree.write(ino, Buffer.from('new'), MiB)
  const written = await seal()
  t.equal(written.added, 3, 'but when it was written to')
  t.equal(
    inSnapshot(written.cid)
      .bytes.subarray(MiB, MiB + 3)
      .toString(),
    'new'
  )
  tree.allocate(ino, { kind: 'zero', position: 0, length: 4096, keepSize: false })
  const zeroed = await seal()
  t.equal(zeroed.added, 3, 'or zeroed')
  t.equal(inSnapshot(zeroed.cid).bytes[0], 0)
  tree.releaseWriting(ino)
  t.equal((await seal()).added, 3, 'and by the seal that lets go of its draft')
  t.equal(tree.isDirty(), false)
  t.strictSame(checkMfs(database, drafts).problems, [])
  const row = database.statement('SELECT count(*) AS rows FROM mfs_sealed_drafts').get()
  t.strictSame({ ...row }, { rows: 0 })
})

t.test(
  'one written a moment ago is: it may be written again within a tick of the clock',
  async t => {
    const { seal } = await setup(t, 0)
    t.equal((await seal()).added, 3)
    t.equal((await seal()).added, 3)
  }
)

t.test('one whose time was set by hand is: that says nothing of its content', async t => {
  const { tree, ino, seal } = await setup(t)
  tree.change(ino, { mtime: { seconds: 1, nanoseconds: 0 } }, caller)
  t.equal((await seal()).added, 3)
  t.equal((await seal()).added, 3)
  writeText(tree, ino, 'x')
})
