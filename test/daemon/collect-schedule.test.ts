import t from 'tap'
import { CollectSchedule, type CollectSituation } from '../../src/daemon/collect-schedule.ts'

const MiB = 1024 * 1024
const GiB = 1024 * MiB
const hourMs = 3_600_000

const calm: CollectSituation = {
  nowMs: hourMs,
  fileBytes: 100 * MiB,
  keptFileBytes: 100 * MiB,
  budgetBytes: undefined,
  unusedMs: undefined,
  freeBytes: 500 * GiB,
  diskBytes: 1000 * GiB
}

t.test('a first look', async t => {
  const cases: ReadonlyArray<readonly [string, Partial<CollectSituation>, string | undefined]> = [
    ['nothing to do', {}, undefined],
    ['files within the budget', { budgetBytes: 100 * MiB }, undefined],
    ['files above the budget', { budgetBytes: 99 * MiB }, 'budget'],
    ['twice what was kept, and little', { fileBytes: 300 * MiB }, undefined],
    ['twice what was kept, and much', { fileBytes: 456 * MiB }, 'dead'],
    ['never collected, and little', { keptFileBytes: 0 }, undefined],
    ['a nearly full disk', { freeBytes: GiB - 1 }, 'disk'],
    ['a small disk with a gigabyte free', { freeBytes: GiB - 1, diskBytes: 4 * GiB }, undefined],
    ['time to look for what is unused', { unusedMs: 1 }, 'unused']
  ]
  for (const [name, now, expected] of cases) {
    t.equal(new CollectSchedule().isDue({ ...calm, ...now }), expected, name)
  }
})

t.test('after a round', async t => {
  const over = { ...calm, budgetBytes: 50 * MiB }
  const round = (isOver: boolean) => {
    const schedule = new CollectSchedule()
    schedule.ended(calm.nowMs, calm.fileBytes, isOver)
    return schedule
  }
  t.equal(
    round(false).isDue({ ...over, nowMs: 9 * hourMs }),
    undefined,
    'what it left is not cache'
  )
  const little = { ...over, fileBytes: 101 * MiB - 1 }
  t.equal(round(false).isDue(little), undefined, 'little came since')
  t.equal(round(false).isDue({ ...little, nowMs: 2 * hourMs }), 'budget', 'and an hour passed')
  t.equal(round(false).isDue({ ...over, fileBytes: 101 * MiB }), 'budget', 'more came')
  const soon = { ...over, nowMs: calm.nowMs + 119_999 }
  t.equal(round(true).isDue(soon), undefined, 'what is in use is left in peace for a while')
  t.equal(round(true).isDue({ ...soon, nowMs: soon.nowMs + 1 }), 'budget', 'and tried again')
  const full = { ...calm, freeBytes: 1 }
  t.equal(round(false).isDue({ ...full, nowMs: 9 * hourMs }), undefined, 'a full disk, nothing new')
  const fuller = { ...full, fileBytes: calm.fileBytes + 1 }
  t.equal(round(false).isDue({ ...fuller, nowMs: calm.nowMs + 599_999 }), undefined)
  t.equal(round(false).isDue({ ...fuller, nowMs: calm.nowMs + 600_000 }), 'disk')
  const unused = { ...calm, unusedMs: 1 }
  t.equal(round(false).isDue({ ...unused, nowMs: 2 * hourMs - 1 }), undefined)
  t.equal(round(false).isDue({ ...unused, nowMs: 2 * hourMs }), 'unused')
})
