import { execFile } from 'node:child_process'
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { requireFuse } from '../lib/skip.ts'
import { makeWorld, until, type World } from './run-cairn.ts'

const run = promisify(execFile)

t.test('a file written to mfs is read below ipfs by its snapshot', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  const daemon = await world.start(['--mount', mount])
  await mkdir(join(mount, 'mfs', 'notes'))
  await writeFile(join(mount, 'mfs', 'notes', 'a.txt'), 'first')
  const first = await world.line(['snapshot'])
  t.equal(await readFile(join(mount, 'ipfs', first, 'notes', 'a.txt'), 'utf8'), 'first')
  await writeFile(join(mount, 'mfs', 'notes', 'a.txt'), 'second')
  const second = await world.line(['snapshot'])
  t.not(second, first)
  t.equal(await readFile(join(mount, 'ipfs', first, 'notes', 'a.txt'), 'utf8'), 'first')
  t.equal(await readFile(join(mount, 'ipfs', second, 'notes', 'a.txt'), 'utf8'), 'second')
  const logged = (await world.line(['log', '--json'])).split('\n').map(line => JSON.parse(line).cid)
  t.same(logged.slice(0, 2), [second, first])
  t.equal((await world.run(['cat', '/mfs/notes/a.txt'])).stdout, 'second')
  t.equal(await world.line(['stop']), `stopped the daemon on ${world.home}`)
  t.equal(await daemon.ended, 0)
  t.same(await readdir(join(mount, 'mfs')), [], 'unmounted')
})

t.test('asking for the CID of what was just written seals it; copies carry their own', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount])
  const script = `cd "$0/mfs"; mkdir d; echo text > d/file; cid() {
      getfattr -h -n user.cairn.cid --only-values -- "$1"; echo; }
    cid d/file; cid d; cid .; cp -a d copy; rsync -aX d/ again/; cid again/file
    exec 3>open; ! getfattr -n user.cairn.cid open 2>&1`
  const { stdout } = await run('bash', ['-e', '-c', script, mount], { cwd: '/' })
  const [file, folder, root, again, refusal] = stdout.split('\n')
  t.equal((await world.run(['cat', `${file}`])).stdout, 'text\n')
  t.equal((await world.run(['cat', `${folder}/file`])).stdout, 'text\n')
  t.equal((await world.run(['cat', `${root}/d/file`])).stdout, 'text\n')
  t.equal(again, file, 'the same content and times')
  t.match(refusal, /resource busy/, 'what is open for writing has none yet')
})

t.test("another daemon's mount is called that, whatever it holds", async t => {
  if (!requireFuse(t)) return
  const [world, other] = [await makeWorld(t), await makeWorld(t)]
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount])
  await writeFile(join(mount, 'mfs', 'held'), 'text')
  await other.start(['--mount', mount])
  const { mounts } = JSON.parse(await other.line(['status', '--json']))
  const mfs = mounts.find((each: { name: string }) => each.name === 'mfs')
  t.match(mfs.problem, /is mounted by another process/)
})

t.test('what is written is sealed by itself once writing has paused', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount])
  await writeFile(join(mount, 'mfs', 'left alone'), 'text')
  await until(async () => (await world.run(['log'])).stdout.includes('seal'))
  const [latest] = (await world.line(['log', '--json'])).split('\n').map(line => JSON.parse(line))
  t.match(latest, { reason: 'seal' })
  t.equal((await world.run(['cat', `${latest.cid}/left alone`])).stdout, 'text')
})

t.test('what was added is there below ipfs at once; nothing can be written there', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount])
  const cid = await world.line(['add', '-'], { input: 'seen' })
  t.equal(await readFile(join(mount, 'ipfs', cid), 'utf8'), 'seen')
  await t.rejects(writeFile(join(mount, 'ipfs', cid), 'x'), { code: 'EROFS' })
})

t.test('what is not to be had: an error at once, no hang', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount])
  const absent = await world.line(['add', '--only-hash', '-'], { input: 'elsewhere' })
  await t.rejects(readFile(join(mount, 'ipfs', absent)), { code: 'ENOENT' })
  await t.rejects(readFile(join(mount, 'ipfs', 'no-cid')), { code: 'ENOENT' })
})

t.test('mount points that hold files are not covered: the rest runs, status says why', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  await mkdir(join(mount, 'mfs'), { recursive: true })
  await writeFile(join(mount, 'mfs', 'precious'), '')
  await world.start(['--mount', mount])
  const { mounts } = JSON.parse(await world.line(['status', '--json']))
  t.match(mounts, [
    { state: 'mounted' },
    { state: 'mounted' },
    { state: 'failed', problem: String },
    { state: 'mounted' }
  ])
  t.same(await readdir(join(mount, 'mfs')), ['precious'])
})

t.test(
  'killed at any point: what was synced is there, all of it, after the next start',
  async t => {
    if (!requireFuse(t)) return
    const world = await makeWorld(t)
    const mount = join(world.folder, 'm')
    const synced: string[] = []
    for (const kill of [3, 11, 29, 53]) {
      const daemon = await world.start(['--mount', mount])
      await checkSynced(t, mount, synced)
      await writeUntilKilled(mount, synced, kill, () => daemon.child.kill('SIGKILL'))
      t.equal(await daemon.ended, 'SIGKILL')
      const late = writeFile(join(mount, 'mfs', 'late'), '')
      await t.rejects(late, { code: 'ENOTCONN' }, 'not into the bare folder')
    }
    await world.start(['--mount', mount])
    await checkSynced(t, mount, synced)
    await checkSnapshot(t, world, mount, synced)
    t.equal((await world.run(['fsck'])).status, 0, 'every block is whole')
  }
)

/** Writes and syncs files one after the other; the kill lands in whatever is under way `count` files later. */
async function writeUntilKilled(
  mount: string,
  synced: string[],
  count: number,
  kill: () => void
): Promise<void> {
  const enough = synced.length + count
  try {
    for (;;) {
      const name = `file-${synced.length}`
      const file = await open(join(mount, 'mfs', name), 'w')
      await file.writeFile(contentOf(name))
      await file.sync()
      synced.push(name)
      if (synced.length === enough) setImmediate(kill)
      await file.close()
    }
  } catch {
    kill()
  }
}

function contentOf(name: string): string {
  return `${name} `.repeat(2000)
}

async function checkSynced(t: Test, mount: string, synced: readonly string[]): Promise<void> {
  for (const name of synced) {
    t.equal(await readFile(join(mount, 'mfs', name), 'utf8'), contentOf(name), name)
  }
}

async function checkSnapshot(
  t: Test,
  world: World,
  mount: string,
  synced: readonly string[]
): Promise<void> {
  const cid = await world.line(['snapshot'])
  await run('diff', ['-r', join(mount, 'mfs'), join(mount, 'ipfs', cid)])
  const listed = await world.line(['ls', '--json', cid])
  t.ok(listed.split('\n').length >= synced.length)
}
