import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { toCairnError } from '../../../src/base/errors.ts'
import { limits } from '../../../src/base/limits.ts'
import { toName } from '../../../src/base/names.ts'
import type { Mfs } from '../../../src/vfs/mfs/api.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { seededBytes } from '../../lib/deterministic.ts'
import { requireThat } from '../../lib/skip.ts'
import { openAdoptingTree } from './adopting-tree.ts'
import { at, caller, makeFile, makeFolder, openTree, readText } from './open-tree.ts'

const MiB = 1024 * 1024

/** A folder on a disk of its own, so small that it fills; undefined where mounting is not allowed. */
function smallDisk(t: Test, megabytes = 6): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-full-'))
  try {
    const size = `size=${megabytes}m`
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    rmdirSync(folder)
    return undefined
  }
  t.teardown(() => {
    execFileSync('umount', ['-l', folder])
    rmdirSync(folder)
  })
  return folder
}

/** Runs until it throws, and says what. */
function untilItFails(work: (turn: number) => void): string {
  for (let turn = 0; ; turn++) {
    try {
      work(turn)
    } catch (error) {
      return toCairnError(error).code
    }
  }
}

t.test(
  'a full disk is said to be full, breaks nothing, and serves again once there is room',
  async t => {
    const home = smallDisk(t)
    if (!requireThat(t, home !== undefined, 'a small disk of its own: root') || !home) return
    const { tree, database, drafts, close } = openTree(home)
    makeFile(tree, 'kept', 'safe')
    const { ino } = tree.createFile(1, toName('large'), 0o644, caller)
    const piece = Buffer.alloc(64 * 1024, 7)
    t.equal(
      untilItFails(turn => tree.write(ino, piece, turn * piece.length)),
      'no-space',
      'by writing'
    )
    tree.releaseWriting(ino)
    t.equal(
      untilItFails(turn => tree.makeNode(1, toName(`node-${turn}`), 0o100644, 0, caller)),
      'no-space',
      'by making names'
    )
    await t.rejects(tree.seal(), { code: 'no-space' }, 'by sealing')
    t.same(checkMfs(database, drafts).problems, [])
    t.equal(readText(tree, at(tree, 'kept')), 'safe')
    t.equal(tree.isDirty(), true)
    tree.change(ino, { size: 0 }, caller)
    makeFile(tree, 'after', 'there is room')
    await tree.seal()
    t.equal(readText(tree, at(tree, 'after')), 'there is room')
    t.same(checkMfs(database, drafts).problems, [])
    close()
  }
)

t.test('whatever makes rows stops in time, so that there is room to remove them', async t => {
  const makers: Record<string, (tree: Mfs, turn: number) => void> = {
    attributes: (tree, turn) => tree.setXattr(1, `user.${turn}`, Buffer.alloc(3000), 'any'),
    'staged files': tree => tree.stageFile(0o644, caller),
    'files made longer': (tree, turn) => {
      tree.change(at(tree, `many/${turn}`), { size: limits.smallDraftBytes }, caller)
    },
    'copies of a folder': (tree, turn) => {
      const name = toName(`copy-${turn}`)
      tree.clone(at(tree, 'many'), 1, name, { caller, members: true })
    }
  }
  for (const [what, make] of Object.entries(makers)) {
    const home = smallDisk(t, 64)
    if (!requireThat(t, home !== undefined, 'a small disk of its own: root') || !home) return
    writeFileSync(join(home, 'ballast'), Buffer.alloc(50 * MiB, 1))
    const { tree, database, drafts, close } = openTree(home)
    makeFolder(tree, 'many')
    for (let file = 0; file < 1000; file++) makeFile(tree, `many/${file}`, 'bytes')
    t.equal(
      untilItFails(turn => make(tree, turn)),
      'no-space',
      what
    )
    const { bavail, bsize } = statfsSync(home)
    t.ok(bavail * bsize > MiB, `${what}: something is left of the disk`)
    t.doesNotThrow(() => tree.removeTree(1, toName('many')), `after ${what}`)
    t.same(checkMfs(database, drafts).problems, [])
    close()
  }
})

t.test('a large file is sealed on a disk that has no room for a copy of it', async t => {
  const home = smallDisk(t, 16)
  if (!requireThat(t, home !== undefined, 'a small disk of its own: root') || !home) return
  const { tree, database, drafts, close } = openAdoptingTree(home)
  const { ino } = tree.createFile(tree.root, toName('large'), 0o644, caller)
  const bytes = seededBytes(9 * MiB, 'full disk')
  for (let at = 0; at < bytes.length; at += MiB) tree.write(ino, bytes.subarray(at, at + MiB), at)
  tree.releaseWriting(ino)
  const { bavail, bsize } = statfsSync(home)
  t.ok(bavail * bsize < bytes.length)
  await tree.seal()
  const read = Buffer.alloc(bytes.length)
  tree.read(ino, read, 0)
  t.ok(read.equals(bytes))
  t.same(checkMfs(database, drafts).problems, [])
  await close()
})
