import t, { type Test } from 'tap'
import { CairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import { NameVisits } from '../../src/daemon/visit-names.ts'
import { cidOf, makeNames, never } from '../names/names-home.ts'

/** What is looked into, where everybody asked has what `answer` gives. */
function setup(t: Test, answer = async (name: string) => cidOf(name)) {
  const { names, time } = makeNames(t)
  const asked: string[] = []
  const visits = new NameVisits({
    names,
    clock: { nowMs: () => time.nowMs },
    resolve: async name => {
      asked.push(name)
      return await answer(name)
    }
  })
  return { names, time, asked, visit: (name: string) => visits.visit(name, never) }
}

const nobody = async (): Promise<never> => {
  throw new CairnError('upstream', 'nobody has a record')
}

t.test('what nobody has is not asked for again for a while', async t => {
  const { time, asked, visit } = setup(t, nobody)
  for (let round = 0; round < 3; round++) {
    await t.rejects(visit('k51'), { code: 'not-found', message: /nobody has a record/ })
  }
  t.strictSame(asked, ['k51'])
  time.nowMs += limits.nameVisitMs
  await t.rejects(visit('k51'), { code: 'not-found' })
  t.equal(asked.length, 2)
})

t.test(
  'so many names are asked for at once, then one now and then, and none for those',
  async t => {
    const { names, time, asked, visit } = setup(t, nobody)
    for (let number = 0; number < 1000; number++) await t.rejects(visit(`k${number}`))
    t.equal(asked.length, limits.nameVisitsAtOnce)
    await t.rejects(visit('k2000'), { code: 'not-found', message: /too many/ })
    time.nowMs += 3 * limits.nameVisitEveryMs
    for (let number = 3000; number < 3100; number++) await t.rejects(visit(`k${number}`))
    t.equal(asked.length, limits.nameVisitsAtOnce + 3)
    time.nowMs += 1000 * limits.nameVisitEveryMs
    for (let number = 4000; number < 4100; number++) await t.rejects(visit(`k${number}`))
    t.equal(asked.length, 2 * limits.nameVisitsAtOnce + 3, 'what is saved up is bounded')
    time.nowMs -= 1000 * limits.nameVisitEveryMs
    await t.rejects(visit('k5000'), 'a clock that goes back')
    t.strictSame(names.list(), [])
  }
)

t.test('all who want a name wait for one answer, and have it for a while', async t => {
  const { names, time, asked, visit } = setup(t)
  await Promise.all([visit('k51'), visit('k51'), visit('k51')])
  await visit('k51')
  t.strictSame(asked, ['k51'])
  t.equal(names.visits.find('k51')?.toString(), cidOf('k51').toString())
  t.strictSame([names.list(), names.follows(), names.records()], [[], [], []], 'and in no list')
  time.nowMs += limits.nameVisitMs
  t.equal(names.visits.find('k51'), undefined)
})

t.test('who leaves does not wait; the names that are known are bounded', async t => {
  const { names, time } = setup(t)
  const hung = Promise.withResolvers<never>()
  const options = { names, clock: { nowMs: () => time.nowMs }, resolve: () => hung.promise }
  const left = new AbortController()
  const waiting = new NameVisits(options).visit('k51', left.signal)
  left.abort(new CairnError('aborted', 'gone'))
  await t.rejects(waiting, { code: 'aborted' })
  for (let number = 0; number < limits.nameVisits + 20; number++) {
    time.nowMs++
    names.visits.put(`k${number}`, cidOf('one'))
  }
  t.equal(names.visits.find('k19'), undefined, 'the oldest made room')
  t.ok(names.visits.find('k20'))
})
