import { execFileSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { requireFuse, requireRoot } from '../lib/skip.ts'
import { takeInFolder, worldOfFolder } from './folder-world.ts'
import { difference } from './judge.ts'
import type { Step, World } from './world.ts'
import { take } from './world.ts'

/** A disk of so many megabytes, in memory. */
async function mountDisk(t: Test, megabytes: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-full-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder])
  t.teardown(async () => {
    execFileSync('umount', ['-l', folder])
    await rmdir(folder)
  })
  return folder
}

/** Takes all of a disk but some kibibytes. */
async function fill(disk: string, leftKib: number): Promise<string> {
  const path = join(disk, 'ballast')
  const { bavail, bsize } = statfsSync(disk)
  await writeFile(path, Buffer.alloc(Math.max(0, bavail * bsize - leftKib * 1024), 1))
  return path
}

/** Takes steps in a folder, and in the world those that were done, until one is refused; returns why. */
async function untilRefused(folder: string, world: World, steps: Iterable<Step>): Promise<string> {
  for (const step of steps) {
    try {
      await takeInFolder(folder, step)
    } catch (cause) {
      return (cause as NodeJS.ErrnoException).code ?? String(cause)
    }
    take(world, step)
  }
  return 'never'
}

function* appending(path: string, bytes: number): Iterable<Step> {
  yield { kind: 'create', path }
  for (let mark = 1; mark < 4000; mark++) {
    yield { kind: 'write', path, position: (mark - 1) * bytes, length: bytes, mark }
  }
}

function* makingFiles(folder: string, bytes: number): Iterable<Step> {
  yield { kind: 'mkdir', path: folder }
  for (let mark = 1; mark < 100_000; mark++) {
    const path = `${folder}/${mark}`
    yield { kind: 'create', path }
    if (bytes > 0) yield { kind: 'write', path, position: 0, length: bytes, mark }
  }
}

function* makingFolders(folder: string): Iterable<Step> {
  yield { kind: 'mkdir', path: folder }
  for (let number = 0; number < 100_000; number++) {
    yield { kind: 'mkdir', path: `${folder}/${`${number}`.padStart(200, 'n')}` }
  }
}

t.test('a full disk under the mount: ENOSPC, nothing else, and nothing is lost', async t => {
  if (!requireFuse(t) || !requireRoot(t)) return
  const disk = await mountDisk(t, 64)
  const cairn = await makeWorld(t)
  const mount = join(cairn.folder, 'm')
  const environment = ['--mount', mount, '--home', join(disk, 'home')]
  let daemon = await cairn.start(environment)
  const folder = join(mount, 'mfs', 'work')
  await mkdir(folder)
  const world: World = new Map()
  const sealed: Step[] = [
    { kind: 'create', path: 'sealed' },
    { kind: 'write', path: 'sealed', position: 0, length: 100_000, mark: 1 },
    { kind: 'create', path: 'small' },
    { kind: 'write', path: 'small', position: 0, length: 1000, mark: 2 }
  ]
  t.equal(await untilRefused(folder, world, sealed), 'never')
  await cairn.line(['snapshot', '--home', join(disk, 'home')])
  const compare = async (when: string) => {
    const problem = difference(world, await worldOfFolder(folder))
    t.equal(problem, undefined, `nothing is lost ${when}`)
  }
  const ballast = await fill(disk, 9000)
  const ways: ReadonlyArray<[string, Iterable<Step>]> = [
    ['one file that grows', appending('grows', 65_536)],
    ['files that are drafts', makingFiles('files', 20_000)],
    ['files that are rows', makingFiles('rows', 3000)],
    ['folders', makingFolders('folders')],
    [
      'a write into what was sealed',
      [{ kind: 'write', path: 'sealed', position: 5, length: 9, mark: 3 }]
    ]
  ]
  for (const [what, steps] of ways) {
    t.match(await untilRefused(folder, world, steps), /ENOSPC/, what)
    await compare(`after ${what}`)
  }
  const { status, stderr } = await cairn.run(['snapshot', '--home', join(disk, 'home')])
  t.equal(status, 1)
  t.match(stderr, /full/, 'a snapshot says why')
  daemon.child.kill('SIGKILL')
  await daemon.ended
  daemon = await cairn.start(environment)
  await compare('after a kill and a start on the full disk')
  const remove: Step[] = [{ kind: 'unlink', path: 'grows' }]
  t.equal(await untilRefused(folder, world, remove), 'never', 'a file goes while it is full')
  await rm(ballast)
  const again: Step[] = [{ kind: 'write', path: 'sealed', position: 5, length: 9, mark: 4 }]
  t.equal(await untilRefused(folder, world, again), 'never', 'once there is room, it goes on')
  const cid = await cairn.line(['snapshot', '--home', join(disk, 'home')])
  await compare('after that')
  const kept = await worldOfFolder(join(mount, 'ipfs', cid, 'work'))
  t.equal(difference(world, kept), undefined, 'and the snapshot holds it all')
})
