import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { requireFuse, requireRoot, requireThat } from '../lib/skip.ts'

/** What scripts/lib/posix-suites builds: https://crates.io/crates/pjdfstest and https://crates.io/crates/fsx */
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
const programs = join(cache, 'cairn', 'posix-suites', 'bin')
const run = promisify(execFile)

function requireSuite(t: Test, name: string): boolean {
  const built = existsSync(join(programs, name))
  return requireThat(t, built, `${name}: ./scripts/test interop, where cargo is`) && requireFuse(t)
}

/** A folder of /mfs in a mount, where everybody may write. */
async function openFolder(t: Test): Promise<{ world: string; folder: string }> {
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount])
  const folder = join(mount, 'mfs', 'all')
  await mkdir(folder)
  await chmod(world.folder, 0o755)
  await chmod(folder, 0o777)
  return { world: world.folder, folder }
}

t.setTimeout(300_000)

const features = `[features]
posix_fallocate = {}
utime_now = {}
utimensat = {}
rename_ctime = {}
[settings]
naptime = 0.01
allow_remount = false
[dummy_auth]
entries = [["nobody", "nogroup"], ["daemon", "daemon"]]
`

t.test('pjdfstest finds no fault with /mfs', async t => {
  if (!requireSuite(t, 'pjdfstest') || !requireRoot(t)) return
  const { world, folder } = await openFolder(t)
  const settings = join(world, 'pjdfstest.toml')
  await writeFile(settings, features)
  const secondary = await mkdtemp('/dev/shm/cairn-judge-')
  t.teardown(() => rm(secondary, { recursive: true, force: true }))
  const { stdout } = await run(
    join(programs, 'pjdfstest'),
    ['-c', settings, '-p', folder, '-s', secondary],
    { maxBuffer: 2 ** 24 }
  )
  const [, failed, skipped, passed] =
    /Summary: (\d+) failed, (\d+) skipped, (\d+) passed/.exec(stdout) ?? []
  t.equal(failed, '0')
  t.ok(
    Number(passed) >= 384,
    `${passed} passed, ${skipped} skipped: remounts, and the limit of links`
  )
})

const operations = `flen = 262144
[opsize]
max = 65536
[weights]
close_open = 1
read = 10
write = 10
mapread = 10
mapwrite = 10
truncate = 5
invalidate = 1
fsync = 1
fdatasync = 1
punch_hole = 5
posix_fallocate = 3
sendfile = 3
copy_file_range = 3
`

t.test('fsx reads what it wrote, mapped or not, through holes, cuts and copies', async t => {
  if (!requireSuite(t, 'fsx')) return
  const { world, folder } = await openFolder(t)
  const settings = join(world, 'fsx.toml')
  await writeFile(settings, operations)
  for (const seed of ['1', '2', '3']) {
    const { stdout } = await run(
      join(programs, 'fsx'),
      ['-q', '-f', settings, '-S', seed, '-N', '20000', '-P', world, join(folder, seed)],
      { maxBuffer: 2 ** 24 }
    )
    t.match(stdout, /A-OK/, `seed ${seed}`)
  }
})
