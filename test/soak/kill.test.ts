import { join } from 'node:path'
import t from 'tap'
import { actorsOf } from './actor.ts'
import { examine } from './examine.ts'
import { fastFolder } from './fast-folder.ts'
import { judge } from './judge.ts'
import { planSteps } from './plan.ts'
import { dieOf, seedOfRun, times } from './random.ts'
import type { World } from './world.ts'

const program = new URL('./act-on-mfs.ts', import.meta.url)

t.test('kill -9 of what writes and seals, again and again: each state existed', async t => {
  const seed = seedOfRun()
  const folder = fastFolder(t)
  const home = join(folder, 'home')
  const actors = actorsOf(t, program, folder)
  await actors.start(home, []).ended
  const rounds = times(180)
  let base: World = new Map()
  let taken = 0
  for (let round = 0; round < rounds; round++) {
    const die = dieOf(seed + round)
    const steps = planSteps(base, die, 90)
    const actor = actors.start(home, steps)
    await actor.says(1 + die.throw(70))
    actor.kill()
    const { said, complaint } = await actor.ended
    const acknowledged = Math.max(said - 1, 0)
    taken += acknowledged
    const { problems, found } = examine(home, round % 2 === 0)
    const strange = judge(base, steps, { acknowledged, how: 'killed' }, found)
    const wrong = [strange ?? [], problems, complaint ?? []].flat()
    const told = `round ${round} of seed ${seed}, killed after ${acknowledged} steps`
    if (wrong.length > 0) return t.fail(`${told}: ${wrong.join('; ')}`)
    base = found
  }
  t.ok(taken > rounds * 10, `${taken} steps in ${rounds} rounds, seed ${seed}`)
})
