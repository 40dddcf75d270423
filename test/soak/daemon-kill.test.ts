import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { requireFuse } from '../lib/skip.ts'
import { actorsOf } from './actor.ts'
import { fastFolder } from './fast-folder.ts'
import { worldOfFolder } from './folder-world.ts'
import { judge } from './judge.ts'
import { planSteps } from './plan.ts'
import { dieOf, seedOfRun, times } from './random.ts'
import type { World } from './world.ts'

const program = new URL('./act-on-folder.ts', import.meta.url)

t.test('kill -9 of the daemon under programs in its mount, again and again', async t => {
  if (!requireFuse(t)) return
  const seed = seedOfRun()
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  const environment = ['--mount', mount, '--home', join(fastFolder(t), 'home')]
  const actors = actorsOf(t, program, fastFolder(t))
  const subtrees = ['one', 'two'].map(name => join(mount, 'mfs', name))
  let bases: World[] = subtrees.map(() => new Map())
  const rounds = times(20)
  let taken = 0
  let daemon = await world.start(environment)
  for (const subtree of subtrees) mkdirSync(subtree)
  for (let round = 0; round < rounds; round++) {
    const die = dieOf(seed + round)
    const plans = bases.map(base => planSteps(base, die, 1000))
    const running = subtrees.map((subtree, index) => actors.start(subtree, plans[index] ?? []))
    await running[0]?.says(20 + die.throw(200))
    daemon.child.kill('SIGKILL')
    await daemon.ended
    const ends = await Promise.all(running.map(({ ended }) => ended))
    daemon = await world.start(environment)
    const before = bases
    bases = await Promise.all(subtrees.map(worldOfFolder))
    for (const [index, found] of bases.entries()) {
      const acknowledged = ends[index]?.said ?? 0
      taken += acknowledged
      const [base, steps] = [before[index] ?? found, plans[index] ?? []]
      const strange = judge(base, steps, { acknowledged, how: 'killed' }, found)
      const told = `round ${round} of seed ${seed}, killed after ${acknowledged} steps`
      if (strange !== undefined) return t.fail(`${told}: ${strange}`)
    }
  }
  t.equal((await world.run(['fsck', '--home', environment[3] ?? ''])).status, 0, 'fsck')
  t.ok(taken > rounds * 40, `${taken} steps in ${rounds} rounds, seed ${seed}`)
})
