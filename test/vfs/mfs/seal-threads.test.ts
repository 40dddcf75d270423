import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CairnError } from '../../../src/base/errors.ts'
import { toName } from '../../../src/base/names.ts'
import { openIngest } from '../../../src/ingest/open.ts'
import type { Node } from '../../../src/unixfs/api.ts'
import type { Mfs } from '../../../src/vfs/mfs/api.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { caller, makeFile, openTree, writeText } from './open-tree.ts'

const MiB = 1024 * 1024
type Import = (path: string) => Promise<Node>

function makeLarge(tree: Mfs): number {
  const { ino } = tree.createFile(tree.root, toName('large'), 0o644, caller)
  for (let piece = 0; piece < 12; piece++) tree.write(ino, Buffer.alloc(MiB, piece), piece * MiB)
  tree.releaseWriting(ino)
  return ino
}

/** A tree whose large files go through real hash threads; `around` sees each of them asked. */
function openWithThreads(
  t: Test,
  metadata: boolean,
  around: (ask: () => Promise<Node>) => Promise<Node>
) {
  const home = t.testdir()
  let byThreads: Import | undefined
  const opened = openTree(home, {
    metadata,
    importFile: async path => ({ node: await around(() => (byThreads as Import)(path)) })
  })
  const ingest = openIngest({
    blocks: opened.blocks,
    store: { database: join(home, 'cairn.db'), segments: join(home, 'segments') },
    threads: 2,
    background: true
  })
  byThreads = async path =>
    (await ingest.importPath(path, { profile: 'unixfs-v1-2025', metadata: false, durable: true }))
      .node
  t.teardown(async () => {
    await ingest.close()
    opened.close()
  })
  return opened
}

function lookAt({ tree, database, drafts }: ReturnType<typeof openTree>, ino: number) {
  const bytes = Buffer.alloc(4)
  const head = [...bytes.subarray(0, tree.read(ino, bytes, 0))]
  return { head, problems: checkMfs(database, drafts).problems, dirty: tree.isDirty() }
}

for (const metadata of [false, true]) {
  t.test(`threads seal to the same CID, ${metadata ? 'with' : 'without'} metadata`, async t => {
    let asked = 0
    const alone = openTree(join(t.testdir({ alone: {} }), 'alone'), { metadata })
    const mtime = { seconds: 1_600_000_000, nanoseconds: 0 }
    for (const ino of [makeLarge(alone.tree), 1]) alone.tree.change(ino, { mtime }, caller)
    const expected = (await alone.tree.seal()).cid.toString()
    alone.close()
    const opened = openWithThreads(t, metadata, ask => {
      asked++
      return ask()
    })
    const ino = makeLarge(opened.tree)
    makeFile(opened.tree, 'small', 'too small to ask for help')
    await opened.tree.seal()
    opened.tree.remove(1, toName('small'))
    for (const changed of [ino, 1]) opened.tree.change(changed, { mtime }, caller)
    t.equal((await opened.tree.seal()).cid.toString(), expected)
    t.equal(asked, 1)
    t.same(lookAt(opened, ino), { head: [0, 0, 0, 0], problems: [], dirty: false })
  })
}

t.test('a file written to while threads read it keeps what was written', async t => {
  let late = (): void => undefined
  const opened = openWithThreads(t, false, async ask => {
    const node = await ask()
    late()
    late = () => undefined
    return node
  })
  const ino = makeLarge(opened.tree)
  late = () => writeText(opened.tree, ino, 'LATE')
  await opened.tree.seal()
  t.match(lookAt(opened, ino), { head: [...Buffer.from('LATE')], problems: [] })
  await opened.tree.seal()
  t.same(lookAt(opened, ino), { head: [...Buffer.from('LATE')], problems: [], dirty: false })
})

t.test('a file removed while threads read it is left out', async t => {
  const opened = openWithThreads(t, false, async ask => {
    opened.tree.remove(1, toName('large'))
    return ask()
  })
  makeLarge(opened.tree)
  await opened.tree.seal()
  t.same(checkMfs(opened.database, opened.drafts).problems, [])
  t.equal(opened.tree.isDirty(), false)
})

t.test(
  'a file removed before threads get to it, and its draft deleted, keeps no seal from ending',
  async t => {
    const opened = openWithThreads(t, false, async ask => {
      opened.tree.remove(1, toName('large'))
      opened.tree.forget(ino, 1)
      for (const draft of readdirSync(opened.drafts)) rmSync(join(opened.drafts, draft))
      return ask()
    })
    const ino = makeLarge(opened.tree)
    await opened.tree.seal()
    t.throws(() => opened.tree.attributes(ino), { code: 'not-found' })
    t.same(checkMfs(opened.database, opened.drafts).problems, [])
    t.equal(opened.tree.isDirty(), false)
  }
)

t.test('a file that threads find changing is sealed without them', async t => {
  const opened = openWithThreads(t, false, () => {
    throw new CairnError('conflict', 'it changed while it was read')
  })
  const ino = makeLarge(opened.tree)
  await opened.tree.seal()
  t.same(lookAt(opened, ino), { head: [0, 0, 0, 0], problems: [], dirty: false })
})

t.test('threads that fail lose nothing', async t => {
  let full = true
  const opened = openWithThreads(t, false, ask => {
    if (full) throw new CairnError('no-space', 'no space left on the disk')
    return ask()
  })
  const ino = makeLarge(opened.tree)
  await t.rejects(opened.tree.seal(), { code: 'no-space' })
  t.same(lookAt(opened, ino), { head: [0, 0, 0, 0], problems: [], dirty: true })
  full = false
  await opened.tree.seal()
  t.same(lookAt(opened, ino), { head: [0, 0, 0, 0], problems: [], dirty: false })
})
