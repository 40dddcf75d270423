import t, { type Test } from 'tap'
import { limits } from '../../src/base/limits.ts'
import { FollowRefreshing } from '../../src/daemon/refresh-follows.ts'
import type { Follow } from '../../src/names/api.ts'

const log = { info: () => {}, warn: () => {}, debug: () => {}, error: () => {} }

/** Follows of a made-up book; showing one waits until the test says so. */
function setup(t: Test, count: number) {
  const time = { nowMs: 1_000_000 }
  const shown: string[] = []
  const kept: string[] = []
  const waiting: Array<{ target: string; end: () => void }> = []
  let over = false
  const asked = new Map<string, number>()
  const targets = Array.from({ length: count }, (_, index) => `name-${index}`)
  const follows = () =>
    targets.map(target => ({ target, name: target, askedMs: asked.get(target) ?? time.nowMs }))
  const refreshing = new FollowRefreshing({
    names: { follows: () => follows() as Follow[], record: () => undefined },
    refresher: {
      show: async ({ target }, _, { told = false } = {}) => {
        shown.push(told ? `told ${target}` : target)
        const { promise, resolve } = Promise.withResolvers<void>()
        waiting.push({ target, end: resolve })
        if (!over) await promise
        asked.set(target, time.nowMs)
        return { moved: false, problem: undefined }
      },
      keep: async ({ target }) => void kept.push(target)
    },
    clock: { nowMs: () => time.nowMs },
    log: log as unknown as ConstructorParameters<typeof FollowRefreshing>[0]['log']
  })
  t.teardown(async () => {
    over = true
    for (const { end } of waiting) end()
    await refreshing.close()
  })
  const done = async (target: string) => {
    for (const each of waiting) if (each.target === target) each.end()
    await new Promise(resolve => setImmediate(resolve))
  }
  return { refreshing, shown, kept, done, time }
}

t.test('publishers who do not answer hold up no more than a few others', async t => {
  const { refreshing, shown, done, kept } = setup(t, 20)
  refreshing.tick()
  t.equal(shown.length, 8, 'not all at a time')
  refreshing.tick()
  t.equal(shown.length, 8, 'and none twice')
  await done('name-3')
  t.strictSame(kept, ['name-3'], 'what is wanted whole comes behind')
  refreshing.tick()
  t.equal(shown.length, 9, 'the next takes the place of who is done')
})

t.test('each is asked for once after the start, and then after its time', async t => {
  const { refreshing, shown, done, time } = setup(t, 1)
  refreshing.tick()
  t.strictSame(shown, ['name-0'], 'though it was asked for just now, before the start')
  await done('name-0')
  refreshing.tick()
  time.nowMs += limits.nameLeastWaitMs - 1
  refreshing.tick()
  t.equal(shown.length, 1)
  time.nowMs += 1
  refreshing.tick()
  t.equal(shown.length, 2)
})

t.test(
  'what is told is shown though the same name is being asked for, and the last counts',
  async t => {
    const { refreshing, shown, done } = setup(t, 1)
    refreshing.tick()
    refreshing.heard('name-0')
    t.strictSame(shown, ['name-0', 'told name-0'])
    for (let count = 0; count < 100; count++) refreshing.heard('name-0')
    t.equal(shown.length, 2, 'a flood waits for the one under way')
    await done('name-0')
    t.equal(shown.length, 3, 'and is one more')
    refreshing.heard('a stranger')
    t.equal(shown.length, 3)
  }
)
