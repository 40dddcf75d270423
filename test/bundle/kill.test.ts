import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { program } from '../cli/run-cairn.ts'
import { addFiles, addPackage, exportFrom, makeHome, nameOf, scratch } from './bundle-home.ts'

t.test(
  'an import that is killed at any time is taken up where it was, and nothing half is seen',
  async t => {
    const from = makeHome(t)
    const files = Object.fromEntries(
      Array.from({ length: 3000 }, (_, index) => [`f${index}`, `${index} `.repeat(6000)])
    )
    const root = addFiles(from, files)
    from.names.keys.create('blog')
    from.names.publish('blog', { cid: root, path: undefined, lifetimeMs: 3_600_000, settle: false })
    addPackage(from, 'npm/pad', 'a package')
    const folder = join(scratch(t), 'bundle')
    const name = nameOf(from, 'blog')
    const site = { label: '/mfs/site', cid: root.toString() }
    await exportFrom(from, folder, { roots: [site], names: [name], packages: ['npm'] })

    const home = join(scratch(t), 'home')
    const stored = () => {
      const segments = join(home, 'segments')
      try {
        return readdirSync(segments).reduce(
          (sum, each) => sum + statSync(join(segments, each)).size,
          0
        )
      } catch {
        return 0
      }
    }
    let killed = 0
    for (const atBytes of [0, 1 << 20, 20 << 20, 40 << 20]) {
      const child = spawn(program, ['bundle', 'import', folder, '--home', home], {
        stdio: 'ignore'
      })
      const ended = once(child, 'exit')
      while (stored() <= atBytes && isRunning(child)) await setTimeout(5)
      child.kill('SIGKILL')
      const [, signal] = await ended
      if (signal === 'SIGKILL') killed++
      const seen = makeHome(t, home)
      if (signal === 'SIGKILL') {
        t.strictSame(seen.roots.pins(), [], 'no pin')
        t.strictSame(seen.names.follows(), [], 'no name')
        t.equal(seen.catalog.get('npm/pad'), undefined, 'no package')
      }
      seen.close()
    }
    t.ok(killed >= 3, `killed ${killed} times`)
    const child = spawn(program, ['bundle', 'import', folder, '--home', home, '--json'])
    let report = ''
    child.stdout.on('data', text => {
      report += text
    })
    t.strictSame((await once(child, 'close'))[0], 0)
    const { blocks, newBlocks } = JSON.parse(report)
    t.ok(newBlocks < blocks, `${newBlocks} of ${blocks} were not here yet`)
    const after = makeHome(t, home)
    t.equal([...after.reader.walk(root)].length, [...from.reader.walk(root)].length)
    t.match(after.roots.pins(), [{ label: 'bundle /mfs/site' }])
    t.match(after.names.find(name.name), { stale: false })
    t.ok(after.catalog.get('npm/pad'))
  }
)

t.test('killed at moments spread over the whole of it, an import shows all or nothing', async t => {
  const from = makeHome(t)
  const files = Array.from({ length: 300 }, (_, index) => [`f${index}`, `${index} `.repeat(6000)])
  const root = addFiles(from, Object.fromEntries(files))
  addPackage(from, 'npm/pad', 'a package')
  const folder = join(scratch(t), 'bundle')
  const site = { label: '/mfs/site', cid: root.toString() }
  await exportFrom(from, folder, { roots: [site], packages: ['npm'] })
  const importing = (home: string) =>
    spawn(program, ['bundle', 'import', folder, '--home', home], { stdio: 'ignore' })
  const beganMs = performance.now()
  t.strictSame(await once(importing(join(scratch(t), 'home')), 'exit'), [0, null])
  const wholeMs = performance.now() - beganMs

  const home = join(scratch(t), 'home')
  for (let eighth = 1; eighth <= 8; eighth++) {
    const child = importing(home)
    const ended = once(child, 'exit')
    await Promise.race([setTimeout((wholeMs * eighth) / 8), ended])
    child.kill('SIGKILL')
    const [status] = await ended
    const seen = makeHome(t, home)
    const isTaken = seen.catalog.get('npm/pad') !== undefined
    t.ok(isTaken || status !== 0, 'who says that it is done has done it')
    t.equal(
      seen.roots.pins().length,
      isTaken ? 1 : 0,
      `at ${eighth}/8 ${isTaken ? 'all' : 'nothing'}`
    )
    if (isTaken) t.equal([...seen.reader.walk(root)].length, [...from.reader.walk(root)].length)
    seen.close()
  }
  t.strictSame(await once(importing(home), 'exit'), [0, null])
  const after = makeHome(t, home)
  t.match(after.roots.pins(), [{ label: 'bundle /mfs/site' }])
  t.equal([...after.reader.walk(root)].length, [...from.reader.walk(root)].length)
})

t.test('a CAR that is imported is pinned whole, or not at all, whenever it is killed', async t => {
  const from = makeHome(t)
  const files = Array.from({ length: 300 }, (_, index) => [`f${index}`, `${index} `.repeat(6000)])
  const root = addFiles(from, Object.fromEntries(files))
  const folder = join(scratch(t), 'bundle')
  await exportFrom(from, folder, { roots: [{ label: 'site', cid: root.toString() }] })
  const car = join(folder, 'part-0001.car')
  const importing = (home: string) =>
    spawn(program, ['bundle', 'import', car, '--home', home], { stdio: 'ignore' })
  const beganMs = performance.now()
  t.strictSame(await once(importing(join(scratch(t), 'home')), 'exit'), [0, null])
  const wholeMs = performance.now() - beganMs
  const entries = [...from.reader.walk(root)].length

  const home = join(scratch(t), 'home')
  for (let sixth = 1; sixth <= 6; sixth++) {
    const child = importing(home)
    const ended = once(child, 'exit')
    await Promise.race([setTimeout((wholeMs * sixth) / 6), ended])
    child.kill('SIGKILL')
    const [status] = await ended
    const seen = makeHome(t, home)
    const isPinned = seen.roots.pins().length > 0
    t.ok(isPinned || status !== 0, 'who says that it is done has done it')
    if (isPinned) t.equal([...seen.reader.walk(root)].length, entries, `at ${sixth}/6`)
    seen.close()
  }
  t.strictSame(await once(importing(home), 'exit'), [0, null])
  const after = makeHome(t, home)
  t.match(after.roots.pins(), [{ label: 'bundle part-0001.car' }])
  t.equal([...after.reader.walk(root)].length, entries)
})

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}
