import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { requireClient, requireFuse, requireRoot } from '../lib/skip.ts'
import { makeWorld, until, type World } from './run-cairn.ts'

const mounter = fileURLToPath(new URL('../../packaging/mount.cairn', import.meta.url))

interface Ended {
  readonly status: number
  readonly stderr: string
}

function run(command: string, ...args: string[]): Promise<Ended> {
  return new Promise(resolve => {
    // As mount(8) calls a helper: with next to no environment.
    const options = { cwd: '/', timeout: 60_000, env: { PATH: process.env.PATH } }
    execFile(command, args, options, (error, _, stderr) => {
      const status = error === null ? 0 : Number(error.code)
      resolve({ status, stderr })
    })
  })
}

/** A home and a folder to mount on; unmounted when the test ends. */
async function setup(t: Test) {
  const world = await makeWorld(t)
  const folder = join(world.folder, 'm')
  await mkdir(folder)
  await mkdir(world.home)
  await chmod(world.home, 0o700)
  t.teardown(async () => {
    await run('umount', '-R', folder)
    await ends(world)
  })
  return { world, folder }
}

const ends = (world: Awaited<ReturnType<typeof makeWorld>>) =>
  until(async () => (await world.run(['status'])).status !== 0)

const options = ['-o', 'rw,nofail,x-systemd.requires=network.target,listen=127.0.0.1:0']

t.test('a line of fstab: mounted, used, unmounted, the daemon gone and all kept', async t => {
  if (!requireRoot(t) || !requireFuse(t)) return
  const { world, folder } = await setup(t)
  t.match(await run(mounter, world.home, folder, '-n', ...options), { status: 0, stderr: '' })
  await writeFile(join(folder, 'mfs', 'file'), 'kept')
  t.match(
    await run(mounter, world.home, folder, ...options),
    { status: 32, stderr: /a daemon runs already/ },
    'not twice'
  )
  t.match(await run('umount', '-R', folder), { status: 0, stderr: '' })
  await ends(world)
  t.strictSame(await readdir(folder), [])
  t.equal((await world.run(['cat', '/mfs/file'])).stdout, 'kept')
  t.match(await run(mounter, world.home, folder, ...options), { status: 0 })
  t.equal(await readFile(join(folder, 'mfs', 'file'), 'utf8'), 'kept')
})

t.test('what cannot be mounted is said, by the status that mount(8) has for it', async t => {
  if (!requireRoot(t) || !requireFuse(t)) return
  const { world, folder } = await setup(t)
  t.match(await run(mounter, world.home), { status: 1, stderr: /usage/ })
  t.match(await run(mounter, world.home, folder, '-o', 'bogus'), { status: 1, stderr: /bogus/ })
  t.match(await run(mounter, world.home, `${folder}/none`), { status: 32, stderr: /not a folder/ })
  t.match(await run(mounter, world.home, folder, '-f', '-o', 'rw'), { status: 0 }, 'a dry run')
  t.match(
    await run(mounter, world.home, folder, '-s', '-o', 'bogus,listen=nowhere'),
    { status: 32, stderr: /the daemon ended[\s\S]*|listen/ },
    'with what the daemon said'
  )
  t.strictSame(await readdir(folder), [], 'nothing is left mounted')
})

t.test('as=USER: the daemon and its mounts are those of somebody without rights', async t => {
  if (!requireRoot(t) || !requireFuse(t) || !requireClient(t, 'fusermount3')) return
  const { world, folder } = await setup(t)
  await chmod(world.folder, 0o755)
  await run('chown', 'nobody', world.home)
  const asNobody = (script: string) => run('runuser', '-u', 'nobody', '--', 'sh', '-c', script)
  const mounted = await run(mounter, world.home, folder, ...options, '-o', 'as=nobody')
  t.match(mounted, { status: 0, stderr: '' })
  t.match(await asNobody(`echo kept > ${folder}/mfs/file`), { status: 0, stderr: '' })
  await t.rejects(readFile(join(folder, 'mfs', 'file')), { code: 'EACCES' }, 'not even for root')
  const uids = /^Uid:\t(\d+)/m.exec(await readFile(`/proc/${await pidOf(world)}/status`, 'utf8'))
  t.equal(uids?.[1], '65534')
  t.match(await run('umount', '-R', folder), { status: 0, stderr: '' })
  await ends(world)
  t.match(await run(mounter, world.home, folder, ...options, '-o', 'as=nobody,ro'), { status: 0 })
  t.match(await asNobody(`cat ${folder}/mfs/file`), { status: 0, stderr: '' })
  t.match(await asNobody(`echo x > ${folder}/mfs/file`), { stderr: /Read-only file system/ })
})

async function pidOf(world: World): Promise<number> {
  return JSON.parse(await world.line(['status', '--json'])).pid
}
