import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { nameText } from '../../src/base/names.ts'
import { checkStore } from '../../src/store/check.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { checkMfs } from '../../src/vfs/mfs/check.ts'
import { canMount, mountTestTree } from '../fuse/mounted.ts'
import { type OpenTree, openTree } from '../vfs/mfs/open-tree.ts'
import { edited, firstBytes } from './adopting-files.ts'
import { fastFolder } from './fast-folder.ts'
import { type Loss, LossyDisk, linesIn, losses, readJournal } from './lossy-disk.ts'
import { worldOfMfs } from './mfs-world.ts'
import { type Die, dieOf, seedOfRun, times } from './random.ts'
import type { DiskEvent } from './recording-tree.ts'
import { fileAt, type World } from './world.ts'

const program = fileURLToPath(new URL('./act-adopting.ts', import.meta.url))

async function record(t: Test, folder: string): Promise<readonly DiskEvent[]> {
  const [base, journal] = [join(folder, 'disk'), join(folder, 'journal')]
  mkdirSync(join(base, 'home'), { recursive: true })
  const { path, mount } = await mountTestTree(t, {
    threadEntry: new URL('./recording-thread.ts', import.meta.url),
    threadData: { base, journal }
  })
  const args = ['--disable-warning=ExperimentalWarning', program]
  const places = [join(path, 'home'), join(path, 'said')]
  const child = spawn(process.execPath, [...args, ...places], { stdio: 'inherit' })
  const [status] = await once(child, 'exit')
  t.equal(status, 0)
  await mount.unmount()
  return readJournal(journal)
}

interface Moment {
  readonly after: number
  readonly loss: Loss
}

/** Anywhere, and more often where names change: there a process that is killed leaves what no sync tells. */
function momentsOf(events: readonly DiskEvent[], die: Die): Moment[] {
  const names = ['link', 'remove', 'sync', 'file']
  const around = events.flatMap(({ kind }, at) => (names.includes(kind) ? [at, at + 1] : []))
  const random = Array.from({ length: times(20) }, () => ({
    after: die.throw(events.length + 1),
    loss: die.pick(losses)
  }))
  const told = Array.from({ length: times(30) }, () => ({
    after: die.pick(around),
    loss: die.pick([...losses, 'nothing', 'nothing'] as const)
  }))
  return [...random, ...told].sort((one, other) => one.after - other.after)
}

const [first, second, third, fourth] = [0, 1, 2, 3].map(firstBytes)
const firstEdited = edited()

/** What is wrong with what a tree shows after so many lines were said. */
function judge(world: World, said: number): string[] {
  const step = (line: number) => said >= line
  const wrong: string[] = []
  const mustBe = (name: string, bytes: Buffer = Buffer.alloc(0)) => {
    if (!world.has(name)) wrong.push(`${name} is gone`)
    else if (!fileAt(world, name).bytes.equals(bytes)) wrong.push(`${name} has other bytes`)
  }
  if (step(2) && !step(4)) mustBe('f0', first)
  if (step(5)) mustBe('f0', firstEdited)
  if (step(3) && !step(6)) mustBe('f1', second)
  if (step(7) && world.has('f1')) wrong.push('f1 is back')
  if (step(4)) mustBe('f2', third)
  if (step(9)) mustBe('f3', fourth)
  return wrong
}

function problemsOf(home: string, opened: OpenTree, rebuildIndex: boolean): string[] {
  const { database, drafts, blocks, tree } = opened
  const { damaged } = checkStore({ segments: join(home, 'segments'), database, rebuildIndex })
  const [last] = tree.history({ limit: 1 })
  if (last !== undefined) for (const _ of openUnixfsReader(blocks).walk(last.cid));
  return [
    ...checkMfs(database, drafts, { resting: true }).problems,
    ...damaged.map(({ segment, offset, why }) => `${segment} at ${offset}: ${why}`)
  ]
}

function examine(home: string, said: number): string[] {
  const opened = openTree(home, { recover: true })
  try {
    return [
      ...problemsOf(home, opened, false),
      ...judge(worldOfMfs(opened.tree), said),
      ...problemsOf(home, opened, true),
      ...judge(worldOfMfs(opened.tree), said)
    ]
  } catch (cause) {
    return [String(cause)]
  } finally {
    opened.close()
  }
}

t.test('the power goes while drafts become segments: each is one or the other', async t => {
  if (!canMount(t)) return
  const seed = seedOfRun()
  const folder = fastFolder(t)
  const die = dieOf(seed)
  const events = await record(t, folder)
  const links = events.flatMap(event => (event.kind === 'link' ? [nameText(event.name)] : []))
  t.ok(links.length >= 4, `${links.length} drafts were adopted`)
  const disk = new LossyDisk()
  let taken = 0
  for (const { after, loss } of momentsOf(events, die)) {
    for (const event of events.slice(taken, after)) disk.take(event)
    taken = after
    const left = join(folder, 'left')
    disk.leave(left, loss, die)
    mkdirSync(join(left, 'home'), { recursive: true })
    const said = linesIn(events.slice(0, after), 'said')
    const wrong = examine(join(left, 'home'), said.length)
    rmSync(left, { recursive: true })
    const told = `seed ${seed}, after call ${after} of ${events.length}, said: ${said.at(-1)}`
    if (wrong.length > 0) return t.fail(`${told}, lost: ${loss}: ${wrong.join('; ')}`)
  }
  t.pass(`seed ${seed}, ${events.length} calls`)
})
