import { mkdirSync, rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { canMount, mountTestTree } from '../fuse/mounted.ts'
import { actorsOf } from './actor.ts'
import { examine } from './examine.ts'
import { fastFolder } from './fast-folder.ts'
import { judge } from './judge.ts'
import { LossyDisk, linesIn, losses, readJournal } from './lossy-disk.ts'
import { planSteps } from './plan.ts'
import { dieOf, seedOfRun, times } from './random.ts'
import type { DiskEvent } from './recording-tree.ts'
import { isBelow, type Step, type World } from './world.ts'

const program = new URL('./act-on-folder.ts', import.meta.url)
const subtrees = ['one', 'two']

/** A daemon whose home lies on a disk that keeps a journal, and programs in its mount, each in a folder of its own. */
async function record(t: Test, folder: string, plans: readonly Step[][]): Promise<DiskEvent[]> {
  const base = join(folder, 'disk')
  const journal = join(folder, 'journal')
  mkdirSync(base)
  const { path, mount } = await mountTestTree(t, {
    threadEntry: new URL('./recording-thread.ts', import.meta.url),
    threadData: { base, journal }
  })
  const world = await makeWorld(t)
  const mounts = join(world.folder, 'm')
  const home = join(path, 'home')
  const daemon = await world.start(['--mount', mounts, '--home', home])
  const { start } = actorsOf(t, program, folder)
  const actors = subtrees.map(async (name, index) => {
    const place = join(mounts, 'mfs', name)
    await mkdir(place)
    return start(place, plans[index] ?? [], join(path, name)).ended
  })
  const snapshots = (async () => {
    for (let count = 0; count < 3; count++) await world.line(['snapshot', '--home', home])
  })()
  for (const { complaint } of await Promise.all(actors)) {
    if (complaint !== undefined) throw new Error(complaint)
  }
  await snapshots
  await world.line(['stop', '--home', home])
  await daemon.ended
  await mount.unmount()
  return readJournal(journal)
}

/** What a tree shows below one of its folders; nothing if there is none. */
function below(world: World, folder: string): World {
  const inside = [...world].filter(([path]) => isBelow(path, folder))
  return new Map(inside.map(([path, node]) => [path.slice(folder.length + 1), node]))
}

t.test(
  'the power goes under the daemon and two programs in its mount: what was synced is there',
  async t => {
    if (!canMount(t)) return
    const seed = seedOfRun()
    const folder = fastFolder(t)
    const die = dieOf(seed)
    const plans = subtrees.map(() => planSteps(new Map(), die, 100))
    const events = await record(t, folder, plans)
    const disk = new LossyDisk()
    const moments = Array.from({ length: times(100) }, () => die.throw(events.length + 1))
    let taken = 0
    for (const moment of moments.toSorted((a, b) => a - b)) {
      for (const event of events.slice(taken, moment)) disk.take(event)
      taken = moment
      const [loss, left] = [die.pick(losses), join(folder, 'left')]
      disk.leave(left, loss, die)
      mkdirSync(join(left, 'home'), { recursive: true })
      const { problems, found } = examine(join(left, 'home'), true)
      rmSync(left, { recursive: true })
      const strange = subtrees.flatMap((name, index) => {
        const acknowledged = linesIn(events.slice(0, moment), name).length
        const problem = judge(
          new Map(),
          plans[index] ?? [],
          { acknowledged, how: 'cut' },
          below(found, name)
        )
        return problem === undefined ? [] : `${name} after ${acknowledged} steps: ${problem}`
      })
      const told = `seed ${seed}, after call ${moment} of ${events.length}, lost: ${loss}`
      const wrong = [...problems, ...strange]
      if (wrong.length > 0) return t.fail(`${told}: ${wrong.join('; ')}`)
    }
    t.pass(`seed ${seed}: ${moments.length} cuts among ${events.length} calls`)
  }
)
