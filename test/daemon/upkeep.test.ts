import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { toName } from '../../src/base/names.ts'
import { WriteLock } from '../../src/base/write-lock.ts'
import { openContent, openMfsOf } from '../../src/daemon/content.ts'
import { openLogger } from '../../src/daemon/logger.ts'
import { openUpkeep } from '../../src/daemon/upkeep.ts'
import { mfsSharedMemory } from '../../src/vfs/mfs/lookups.ts'

const GiB = 1024 ** 3

t.test('who ends in a hurry does not wait for the seal under way; nothing is lost', async t => {
  const home = t.testdir()
  const lock = new WriteLock()
  const content = openContent(home, { writeLock: lock })
  const mfsOptions = {
    profile: 'unixfs-v1-2025',
    mfsMetadata: true,
    mfsPassthrough: false,
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
  const caller = { uid: 0, gid: 0 }
  const { ino } = mfs.createFile(mfs.root, toName('large'), 0o644, caller)
  mfs.change(ino, { size: 4 * GiB }, caller)
  mfs.releaseWriting(ino)
  const sealing = t.rejects(upkeep.seal('seal'), { code: 'aborted' })
  await upkeep.finish(AbortSignal.abort())
  await sealing
  t.equal(mfs.isDirty(), true, 'it is sealed another time')
  t.equal(mfs.attributes(ino).size, 4 * GiB)
})
