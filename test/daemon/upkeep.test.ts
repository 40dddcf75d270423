import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { toName } from '../../src/base/names.ts'
import { WriteLock } from '../../src/base/write-lock.ts'
import { openContent, openMfsOf } from '../../src/daemon/content.ts'
import { openLogger } from '../../src/daemon/logger.ts'
import { openUpkeep } from '../../src/daemon/upkeep.ts'
import { mfsSharedMemory } from '../../src/vfs/mfs/lookups.ts'
import { seededBytes } from '../lib/deterministic.ts'

const MiB = 1024 ** 2
const GiB = 1024 ** 3

const caller = { uid: 0, gid: 0 }

/** The upkeep of a home, and its tree as the main thread has it. */
function openHome(t: Test, mfsPassthrough = false) {
  const home = t.testdir()
  const lock = new WriteLock()
  const content = openContent(home, { writeLock: lock })
  const mfsOptions = {
    profile: 'unixfs-v1-2025',
    mfsMetadata: true,
    mfsPassthrough,
    shared: mfsSharedMemory()
  } as const
  const mfs = openMfsOf(content, mfsOptions)
  t.teardown(() => {
    mfs.close()
    content.close()
  })
  const upkeep = openUpkeep({
    home,
    writeLock: lock.memory,
    mfs,
    mfsOptions,
    clock: systemClock,
    log: openLogger({ level: 'error', plain: false, write: () => {} })
  })
  return { home, mfs, upkeep }
}

t.test('who ends in a hurry does not wait for the seal under way; nothing is lost', async t => {
  const { mfs, upkeep } = openHome(t)
  const { ino } = mfs.createFile(mfs.root, toName('large'), 0o644, caller)
  mfs.change(ino, { size: 4 * GiB }, caller)
  mfs.releaseWriting(ino)
  const sealing = t.rejects(upkeep.seal('seal'), { code: 'aborted' })
  await upkeep.finish(AbortSignal.abort())
  await sealing
  t.equal(mfs.isDirty(), true, 'it is sealed another time')
  t.equal(mfs.attributes(ino).size, 4 * GiB)
})

for (const passthrough of [false, true]) {
  const what = passthrough ? 'is copied, where the kernel may write to it' : 'becomes a segment'
  t.test(`a large draft ${what}`, async t => {
    const { home, mfs, upkeep } = openHome(t, passthrough)
    const { ino } = mfs.createFile(mfs.root, toName('large'), 0o644, caller)
    const bytes = seededBytes(33 * MiB, 'upkeep')
    for (let at = 0; at < bytes.length; at += MiB) mfs.write(ino, bytes.subarray(at, at + MiB), at)
    mfs.releaseWriting(ino)
    await upkeep.seal('seal')
    const flat = readdirSync(join(home, 'segments')).filter(name => name.endsWith('.flat'))
    t.equal(flat.length, passthrough ? 0 : 1)
    t.same(readdirSync(join(home, 'drafts')), [])
    const read = Buffer.alloc(bytes.length)
    t.equal(mfs.read(ino, read, 0), bytes.length)
    t.ok(read.equals(bytes))
    await upkeep.finish(AbortSignal.timeout(60_000))
  })
}
