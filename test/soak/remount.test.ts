import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { requireFuse } from '../lib/skip.ts'
import { arbitraryStep } from './arbitrary-steps.ts'
import { fastFolder } from './fast-folder.ts'
import { takeInFolder, worldOfFolder } from './folder-world.ts'
import { difference } from './judge.ts'
import { seedOfRun, times } from './random.ts'
import { isRefused } from './refuse.ts'
import { type Step, take, type World } from './world.ts'

const kills = fc.constant('kill -9' as const)
const steps = fc.array(
  fc.oneof({ weight: 15, arbitrary: arbitraryStep }, { weight: 1, arbitrary: kills }),
  {
    minLength: 20,
    maxLength: 80,
    size: 'max'
  }
)

t.test(
  'random calls, kill -9 of the daemon among them: the next one goes on where it was',
  async t => {
    if (!requireFuse(t)) return
    const world = await makeWorld(t)
    const mount = join(world.folder, 'm')
    const environment = ['--mount', mount, '--home', join(fastFolder(t), 'home')]
    let daemon = await world.start(environment)
    let runs = 0
    let killed = 0
    const agree = async (steps: ReadonlyArray<Step | 'kill -9'>) => {
      const folder = join(mount, 'mfs', `run-${runs++}`)
      await mkdir(folder)
      const model: World = new Map()
      for (const [index, step] of steps.entries()) {
        if (step === 'kill -9') {
          killed++
          daemon.child.kill('SIGKILL')
          await daemon.ended
          daemon = await world.start(environment)
        } else {
          const refused = isRefused(model, step)
          if (!refused) take(model, step)
          const outcome = await takeInFolder(folder, step).then(
            () => false,
            () => true
          )
          if (outcome !== refused) throw new Error(`step ${index}: refused is ${outcome}`)
        }
      }
      const problem = difference(model, await worldOfFolder(folder))
      if (problem !== undefined) throw new Error(problem)
    }
    await fc.assert(fc.asyncProperty(steps, agree), { numRuns: times(5), seed: seedOfRun() })
    t.ok(killed > 0, `${runs} runs, ${killed} times killed`)
  }
)
