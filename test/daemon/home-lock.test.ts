import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { homePaths } from '../../src/base/home.ts'
import { lockHolder, lockHome } from '../../src/daemon/home-lock.ts'
import { requireRoot } from '../lib/skip.ts'

const modules = ['../../src/daemon/home-lock.ts', '../../src/base/home.ts'].map(
  path => new URL(path, import.meta.url).href
)

async function makeHome(t: Test): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'cairn-lock-'))
  t.teardown(() => rm(home, { recursive: true, force: true }))
  return home
}

/** A process that takes the lock, says so, and lives until it is killed. */
async function holdElsewhere(t: Test, home: string) {
  const script = `
    const [{ lockHome }, { homePaths }] = await Promise.all(${JSON.stringify(modules)}.map(m => import(m)))
    globalThis.held = lockHome(homePaths(${JSON.stringify(home)}))
    console.log('held')
    setInterval(() => gc(), 50)`
  const flags = ['--expose-gc', '--disable-warning=ExperimentalWarning', '--input-type=module']
  const child = spawn(process.execPath, [...flags, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

t.test('a lock held elsewhere is refused, and names its process', async t => {
  const home = await makeHome(t)
  const child = await holdElsewhere(t, home)
  const message = new RegExp(`\\(process ${child.pid}\\) already runs on ${home}`)
  t.throws(() => lockHome(homePaths(home)), { code: 'busy', message })
  t.equal(lockHolder(homePaths(home)), child.pid)
})

t.test('a kill -9 frees the lock at once', async t => {
  const home = await makeHome(t)
  const child = await holdElsewhere(t, home)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = lockHome(homePaths(home))
  t.equal(lockHolder(homePaths(home)), process.pid)
  lock.release()
})

t.test('a lock file that is no lock is refused with its path, not taken for free', async t => {
  const home = await makeHome(t)
  await writeFile(
    homePaths(home).lock,
    'something a person put here, longer than a header is '.repeat(20)
  )
  t.throws(() => lockHome(homePaths(home)), { message: new RegExp(`cannot lock the home ${home}`) })
})

t.test('the home is made, for its owner alone', async t => {
  const home = join(await makeHome(t), 'deep', 'er')
  const lock = lockHome(homePaths(home))
  lock.release()
  t.ok(lockHome(homePaths(home)), 'released: taken again')
})

t.test('a disk that is wholly full: a lock that was held before is taken', async t => {
  if (!requireRoot(t)) return
  const home = await makeHome(t)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', home])
  t.teardown(() => execFileSync('umount', [home]))
  const paths = homePaths(home)
  lockHome(paths).release()
  await t.rejects(writeFile(join(home, 'ballast'), Buffer.alloc(2_000_000)), { code: 'ENOSPC' })
  lockHome(paths).release()
  t.equal(lockHolder(paths), process.pid)
})
