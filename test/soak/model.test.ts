import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { mountMfs } from '../fuse/mount-mfs.ts'
import { canMount } from '../fuse/mounted.ts'
import { arbitraryStep } from './arbitrary-steps.ts'
import { fastFolder } from './fast-folder.ts'
import { takeInFolder, worldOfFolder } from './folder-world.ts'
import { difference } from './judge.ts'
import { seedOfRun, times } from './random.ts'
import { isRefused } from './refuse.ts'
import { copyOf, type Step, take, type World } from './world.ts'

/** `ok`, or the errno of a call. */
async function outcomeOf(folder: string, step: Step): Promise<string> {
  try {
    await takeInFolder(folder, step)
    return 'ok'
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code ?? 'refused'
  }
}

function modelOutcome(world: World, step: Step): 'ok' | 'refused' {
  if (isRefused(world, step)) return 'refused'
  take(world, step)
  return 'ok'
}

const plain = (outcome: string) => (outcome === 'ok' ? 'ok' : 'refused')

t.test(
  'random calls: the same errors and the same tree as in tmpfs and of plain objects',
  async t => {
    if (!canMount(t)) return
    const { path, tree } = await mountMfs(t)
    const memory = fastFolder(t)
    let runs = 0
    const agree = async (steps: readonly Step[]) => {
      const name = `run-${runs++}`
      const folders = [join(path, name), join(memory, name)] as const
      for (const folder of folders) await mkdir(folder)
      const world: World = new Map()
      for (const [index, step] of steps.entries()) {
        const [mine, theirs] = [
          await outcomeOf(folders[0], step),
          await outcomeOf(folders[1], step)
        ]
        const told = `step ${index}, ${JSON.stringify(step)}`
        if (mine !== theirs) throw new Error(`${told}: ${mine}, in tmpfs ${theirs}`)
        const expected = modelOutcome(world, step)
        if (plain(mine) !== expected)
          throw new Error(`${told}: ${mine}, where ${expected} is right`)
      }
      if (runs % 3 === 0) await tree.seal()
      const problem = difference(world, await worldOfFolder(folders[0]))
      if (problem !== undefined) throw new Error(problem)
    }
    const property = fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 60 }), agree)
    await fc.assert(property, { numRuns: times(60), seed: seedOfRun() })
    t.pass(`${runs} runs`)
  }
)

type Both<T> = readonly [T, T]

/** Every way to take two sequences one call at a time; true if `accept` takes one of them. */
function someOrder(
  world: World,
  queues: Both<readonly Step[]>,
  outcomes: Both<readonly string[]>,
  accept: (world: World) => boolean
): boolean {
  if (queues[0].length === 0 && queues[1].length === 0) return accept(world)
  return [0, 1].some(side => {
    const [step] = queues[side] ?? []
    if (step === undefined) return false
    const next = copyOf(world)
    if (modelOutcome(next, step) !== outcomes[side]?.[0]) return false
    const rest = <T>([one, other]: Both<readonly T[]>): Both<readonly T[]> =>
      side === 0 ? [one.slice(1), other] : [one, other.slice(1)]
    return someOrder(next, rest(queues), rest(outcomes), accept)
  })
}

t.test(
  'two callers in one folder: what both saw, and what is left, is that of some order',
  async t => {
    if (!canMount(t)) return
    const { path, tree } = await mountMfs(t)
    let runs = 0
    const agree = async (before: readonly Step[], one: readonly Step[], other: readonly Step[]) => {
      const folder = join(path, `run-${runs++}`)
      await mkdir(folder)
      const world: World = new Map()
      for (const step of before) {
        modelOutcome(world, step)
        await outcomeOf(folder, step)
      }
      const sides = [one, other].map(async steps => {
        const outcomes: string[] = []
        for (const step of steps) outcomes.push(plain(await outcomeOf(folder, step)))
        return outcomes
      })
      const seal = runs % 2 === 0 ? tree.seal() : undefined
      const [first = [], second = []] = await Promise.all(sides)
      await seal
      const found = await worldOfFolder(folder)
      const fits = (world: World) => difference(world, found) === undefined
      if (someOrder(world, [one, other], [first, second], fits)) return
      throw new Error(`no order explains ${first} and ${second}, and ${[...found.keys()]}`)
    }
    const few = fc.array(arbitraryStep, { minLength: 1, maxLength: 5 })
    const property = fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 15 }), few, few, agree)
    await fc.assert(property, { numRuns: times(150), seed: seedOfRun() })
    t.pass(`${runs} runs`)
  }
)
