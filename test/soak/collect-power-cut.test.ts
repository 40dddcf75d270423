import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { collectHome } from '../../src/daemon/collect.ts'
import { type Content, openContent } from '../../src/daemon/content.ts'
import { checkStore } from '../../src/store/check.ts'
import { makeWorld } from '../cli/run-cairn.ts'
import { canMount, mountTestTree } from '../fuse/mounted.ts'
import { fastFolder } from './fast-folder.ts'
import { LossyDisk, losses, readJournal } from './lossy-disk.ts'
import { dieOf, seedOfRun, times } from './random.ts'
import type { DiskEvent } from './recording-tree.ts'

/** Programs that add, unpin and collect in a home whose disk keeps a journal. `kept` survives all of it. */
async function record(t: Test, folder: string): Promise<{ events: DiskEvent[]; kept: string }> {
  const base = join(folder, 'disk')
  const journal = join(folder, 'journal')
  mkdirSync(base)
  const { path, mount } = await mountTestTree(t, {
    threadEntry: new URL('./recording-thread.ts', import.meta.url),
    threadData: { base, journal }
  })
  const world = await makeWorld(t)
  const home = ['--home', join(path, 'home')]
  const add = async (name: string, bytes: number): Promise<string> => {
    const file = join(world.folder, name)
    writeFileSync(file, randomBytes(bytes))
    return world.line(['add', ...home, file])
  }
  const kept = await add('kept', 300_000)
  for (let round = 0; round < 3; round++) {
    const gone = await Promise.all(['a', 'b', 'c'].map(name => add(name, 400_000)))
    for (const cid of gone) await world.line(['pin', 'rm', ...home, cid])
    const [added] = await Promise.all([
      add('beside', 200_000),
      world.run(['gc', '--json', ...home]).then(({ status, stderr }) => t.equal(status, 0, stderr))
    ])
    t.match(added, /^baf/)
  }
  await mount.unmount()
  return { events: readJournal(journal), kept }
}

/** What is wrong with a home: everything pinned is whole, no row of the index lies. */
function problemsOf(content: Content): string[] {
  const { roots, reader, store, database, paths } = content
  const problems: string[] = []
  for (const { cid } of roots.pins()) {
    for (const { multihash } of reader.walk(cid)) {
      if (store.size(multihash) === undefined) problems.push(`${cid} is not whole`)
    }
  }
  const { damaged } = checkStore({ segments: paths.segments, database })
  return [...problems, ...damaged.map(({ cid, why }) => `${cid}: ${why}`)]
}

t.test('the power goes while it collects: what is pinned is whole, and it goes on', async t => {
  if (!canMount(t)) return
  const seed = seedOfRun()
  const folder = fastFolder(t)
  const die = dieOf(seed)
  const { events, kept } = await record(t, folder)
  const disk = new LossyDisk()
  const moments = Array.from({ length: times(60) }, () => die.throw(events.length + 1))
  let taken = 0
  let withKept = 0
  for (const moment of moments.toSorted((a, b) => a - b)) {
    for (const event of events.slice(taken, moment)) disk.take(event)
    taken = moment
    const [loss, left] = [die.pick(losses), join(folder, 'left')]
    disk.leave(left, loss, die)
    const home = join(left, 'home')
    mkdirSync(home, { recursive: true })
    const content = openContent(home)
    const before = problemsOf(content)
    await collectHome(content, {})
    const problems = [...before, ...problemsOf(content)]
    if (content.roots.pins().some(({ cid }) => cid.equals(CID.parse(kept)))) withKept++
    content.close()
    rmSync(left, { recursive: true })
    const told = `seed ${seed}, after call ${moment} of ${events.length}, lost: ${loss}`
    if (problems.length > 0) return t.fail(`${told}: ${problems.join('; ')}`)
  }
  t.ok(
    withKept > moments.length / 3,
    `${withKept} of ${moments.length} cuts came after the first pin`
  )
})
