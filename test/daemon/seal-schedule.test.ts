import t from 'tap'
import { limits } from '../../src/base/limits.ts'
import { SealSchedule } from '../../src/daemon/seal-schedule.ts'

const { sealIdleMs, sealAgainMs, sealLatestMs } = limits
const { publishedIdleMs, publishedLatestMs, publishedRests } = limits
const dirty = () => true

t.test('a seal is due once writing has paused, and not before', async t => {
  const schedule = new SealSchedule(0)
  t.equal(schedule.isDue(1000, 1, dirty), false, 'written just now')
  t.equal(schedule.isDue(2000, 2, dirty), false)
  t.equal(schedule.isDue(2000 + sealIdleMs - 1, 2, dirty), false)
  t.equal(schedule.isDue(2000 + sealIdleMs, 2, dirty), true)
})

t.test(
  'what stays dirty though nothing is written is tried now and then, not all the time',
  async t => {
    const schedule = new SealSchedule(0)
    schedule.isDue(0, 1, dirty)
    t.equal(schedule.isDue(sealIdleMs, 1, dirty), true)
    schedule.tried(sealIdleMs + 500, 1)
    t.equal(schedule.isDue(sealIdleMs + 1000, 1, dirty), false, 'a file is open for writing')
    t.equal(schedule.isDue(500 + sealAgainMs, 1, dirty), false)
    t.equal(schedule.isDue(sealIdleMs + 500 + sealAgainMs, 1, dirty), true)
  }
)

t.test('what was written while a seal went on is due when that has paused', async t => {
  const schedule = new SealSchedule(0)
  schedule.isDue(0, 1, dirty)
  t.equal(schedule.isDue(sealIdleMs, 1, dirty), true)
  schedule.tried(sealIdleMs + 9000, 1)
  t.equal(schedule.isDue(sealIdleMs + 9000, 2, dirty), false)
  t.equal(schedule.isDue(sealIdleMs + 9000 + sealIdleMs, 2, dirty), true)
})

t.test('writing that never pauses is sealed all the same', async t => {
  const schedule = new SealSchedule(0)
  let due = 0
  for (let nowMs = 0; nowMs < 3 * sealLatestMs; nowMs += 1000) {
    if (!schedule.isDue(nowMs, nowMs, dirty)) continue
    due++
    schedule.tried(nowMs, nowMs)
  }
  t.equal(due, 2)
})

t.test('after a long rest the first write waits for its pause', async t => {
  const schedule = new SealSchedule(0)
  let nowMs = 0
  let due = 0
  for (; nowMs < 2 * sealLatestMs; nowMs += 1000) {
    if (schedule.isDue(nowMs, 5, () => false)) due++
  }
  t.equal(due, 0, 'there was nothing to seal')
  t.equal(schedule.isDue(nowMs, 6, dirty), false)
  t.equal(schedule.isDue(nowMs + sealIdleMs, 6, dirty), true)
})

t.test(
  'what others follow is sealed after a short rest, once, and only if it was written to',
  async t => {
    const schedule = new SealSchedule(0)
    let looked = 0
    const clean = () => {
      looked++
      return false
    }
    t.equal(schedule.isDueForFollowers(100, 1, dirty), false, 'written just now')
    t.equal(schedule.isDueForFollowers(100 + publishedIdleMs, 1, clean), false)
    t.equal(schedule.isDueForFollowers(200 + publishedIdleMs, 1, clean), false)
    t.equal(looked, 1, 'looked at once for each writing')
    t.equal(schedule.isDueForFollowers(1000, 2, dirty), false)
    t.equal(schedule.isDueForFollowers(1000 + publishedIdleMs, 2, dirty), true)
    schedule.tried(1300, 2)
    t.equal(
      schedule.isDueForFollowers(9000, 2, dirty),
      false,
      'what stays dirty, as open files do, is not tried over and over'
    )
  }
)

t.test('what others follow is sealed now and then though writing goes on', async t => {
  const schedule = new SealSchedule(0)
  const due: number[] = []
  for (let nowMs = 0; nowMs <= 3 * publishedLatestMs; nowMs += 100) {
    if (!schedule.isDueForFollowers(nowMs, nowMs, dirty)) continue
    due.push(nowMs)
    schedule.tried(nowMs, nowMs)
  }
  t.strictSame(due, [publishedLatestMs, 2 * publishedLatestMs, 3 * publishedLatestMs])
})

t.test('a seal that takes long is not made again before many times as long', async t => {
  const schedule = new SealSchedule(0)
  schedule.isDueForFollowers(0, 1, dirty)
  t.equal(schedule.isDueForFollowers(publishedIdleMs, 1, dirty), true)
  schedule.tried(2000, 1, 1000)
  schedule.isDueForFollowers(3000, 2, dirty)
  t.equal(schedule.isDueForFollowers(1999 + 1000 * publishedRests, 2, dirty), false)
  t.equal(schedule.isDueForFollowers(2000 + 1000 * publishedRests, 2, dirty), true)
})
