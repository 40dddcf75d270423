import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { canMount, mountTestTree } from '../fuse/mounted.ts'
import { actorsOf } from './actor.ts'
import { examine } from './examine.ts'
import { fastFolder } from './fast-folder.ts'
import { judge } from './judge.ts'
import { LossyDisk, linesIn, losses, readJournal } from './lossy-disk.ts'
import { planSteps } from './plan.ts'
import { type Die, dieOf, seedOfRun, times } from './random.ts'
import type { DiskEvent } from './recording-tree.ts'
import type { Step, World } from './world.ts'

const program = new URL('./act-on-mfs.ts', import.meta.url)

/** A home on a disk that keeps a journal: what a process did there, call by call. */
async function record(
  t: Test,
  { folder, base, steps, start }: Recording
): Promise<readonly DiskEvent[]> {
  const journal = join(folder, 'journal')
  const { path, mount } = await mountTestTree(t, {
    threadEntry: new URL('./recording-thread.ts', import.meta.url),
    threadData: { base, journal }
  })
  const { complaint } = await start(join(path, 'home'), steps, join(path, 'said')).ended
  if (complaint !== undefined) throw new Error(complaint)
  await mount.unmount()
  return readJournal(journal)
}

interface Recording {
  readonly folder: string
  readonly base: string
  readonly steps: readonly Step[]
  readonly start: ReturnType<typeof actorsOf>['start']
}

interface Disk {
  /** A plain folder, all of it safe. */
  readonly disk: string
  readonly world: World
}

/** Cuts the power after each of some calls, and says what is wrong then. Returns one of the disks left. */
function cutOften(
  events: readonly DiskEvent[],
  steps: readonly Step[],
  before: Disk,
  options: CutOptions
) {
  const { folder, die, cuts } = options
  const begins = events.findIndex(({ kind }) => kind === 'settled')
  const moments = Array.from({ length: cuts }, () => begins + 1 + die.throw(events.length - begins))
  const disk = new LossyDisk()
  let taken = 0
  for (const moment of moments.toSorted((a, b) => a - b)) {
    for (const event of events.slice(taken, moment)) disk.take(event)
    taken = moment
    const [loss, left] = [die.pick(losses), join(folder, 'left')]
    disk.leave(left, loss, die)
    const acknowledged = Math.max(linesIn(events.slice(begins, moment), 'said').length - 1, 0)
    const sealed = linesIn(events.slice(begins, moment), 'said.sealed').at(-1)
    const { problems, found, snapshots } = examine(join(left, 'home'), true)
    const strange = judge(before.world, steps, { acknowledged, how: 'cut' }, found)
    rmSync(left, { recursive: true })
    const lost = sealed === undefined || snapshots.includes(sealed) ? [] : `${sealed} is forgotten`
    const wrong = [strange ?? [], problems, lost].flat()
    const told = `cut after call ${moment - begins} and ${acknowledged} steps, lost: ${loss}`
    if (wrong.length > 0) throw new Error(`${told}: ${wrong.join('; ')}`)
  }
}

interface CutOptions {
  readonly folder: string
  readonly die: Die
  readonly cuts: number
}

t.test('the power goes at any call the disk got: what was synced is there', async t => {
  if (!canMount(t)) return
  const seed = seedOfRun()
  t.comment(`seed ${seed}`)
  const folder = fastFolder(t)
  const { start } = actorsOf(t, program, folder)
  let before: Disk = { disk: join(folder, 'disk'), world: new Map() }
  mkdirSync(join(before.disk, 'home'), { recursive: true })
  for (let session = 0; session < times(4); session++) {
    const die = dieOf(seed + session)
    const steps = planSteps(before.world, die, 120)
    const events = await record(t, { folder, base: before.disk, steps, start })
    cutOften(events, steps, before, { folder, die, cuts: 60 })
    before = goOn(events, join(folder, `disk-${session}`), die)
    t.pass(`${events.length} calls`)
  }
})

/** The disk that one more cut leaves, recovered: where the next process goes on. */
function goOn(events: readonly DiskEvent[], disk: string, die: Die): Disk {
  const lossy = new LossyDisk()
  const begins = events.findIndex(({ kind }) => kind === 'settled')
  const end = begins + 1 + die.throw(events.length - begins)
  for (const event of events.slice(0, end)) lossy.take(event)
  lossy.leave(disk, 'some', die)
  for (const name of ['said', 'said.sealed']) rmSync(join(disk, name), { force: true })
  return { disk, world: examine(join(disk, 'home'), true).found }
}
