import t from 'tap'
import { limits } from '../../src/base/limits.ts'
import { Reserve } from '../../src/base/reserve.ts'

const MiB = 1024 * 1024

/** A disk of pages of 4 KiB that counts how often it was looked at. */
function makeDisk(sizeBytes: number, freeBytes: number) {
  const disk = { freeBytes, looks: 0 }
  const statistics = () => {
    disk.looks++
    return { bsize: 4096, blocks: sizeBytes / 4096, bavail: Math.floor(disk.freeBytes / 4096) }
  }
  return { disk, reserve: new Reserve('/folder', statistics as never) }
}

t.test(
  'a full disk: refused, saying which and what to do; once there is room it goes on',
  async t => {
    const { disk, reserve } = makeDisk(1000 * MiB, 1 * MiB)
    t.throws(() => reserve.spend(1), { code: 'no-space', message: /\/folder is full: make room/ })
    disk.freeBytes = 500 * MiB
    reserve.spend(1 * MiB)
  }
)

t.test('writers stop before the reserve, however they cut what they write', async t => {
  for (const pieceBytes of [1, 4096, 100_000, 3 * MiB]) {
    const { disk, reserve } = makeDisk(10_000 * MiB, limits.reservedBytes + 4 * MiB)
    try {
      for (;;) {
        reserve.spend(pieceBytes)
        disk.freeBytes -= pieceBytes
      }
    } catch (error) {
      t.match(error, { code: 'no-space' })
    }
    t.ok(disk.freeBytes >= limits.reservedBytes, `pieces of ${pieceBytes}`)
  }
})

t.test('of a small disk a sixteenth is kept', async t => {
  const { reserve } = makeDisk(16 * MiB, 3 * MiB)
  reserve.spend(2 * MiB)
  const { reserve: full } = makeDisk(16 * MiB, 1.5 * MiB)
  t.throws(() => full.spend(1 * MiB), { code: 'no-space' })
})

t.test('with much room the disk is looked at once a grant', async t => {
  const { disk, reserve } = makeDisk(10_000 * MiB, 9_000 * MiB)
  for (let bytes = 0; bytes < 8 * MiB; bytes += 4096) reserve.spend(4096)
  t.ok(disk.looks <= 10, `${disk.looks} looks`)
})

t.test('a file system that does not tell its size keeps nobody from writing', async t => {
  const { reserve } = makeDisk(0, 0)
  t.doesNotThrow(() => reserve.spend(100 * MiB))
})

t.test('what is longer than the room there is can be told before it is begun', async t => {
  const { disk, reserve } = makeDisk(10_000 * MiB, limits.reservedBytes + 10 * MiB)
  t.throws(() => reserve.foresee(11 * MiB), { code: 'no-space' })
  reserve.foresee(9 * MiB)
  reserve.spend(9 * MiB)
  disk.freeBytes -= 9 * MiB
  t.throws(() => reserve.foresee(9 * MiB), { code: 'no-space' })
})
