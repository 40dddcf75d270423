import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { toCairnError } from '../../../src/base/errors.ts'
import { toName } from '../../../src/base/names.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { requireThat } from '../../lib/skip.ts'
import { at, caller, makeFile, openTree, readText } from './open-tree.ts'

/** A folder on a disk of its own, so small that it fills; undefined where mounting is not allowed. */
function smallDisk(t: Test): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', folder], { stdio: 'ignore' })
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
