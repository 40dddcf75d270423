import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { driveSteps } from '../../src/cli/setup/drive-steps.ts'
import { requireClient, requireFuse, requireRoot } from '../lib/skip.ts'
import { makeWorld, program } from './run-cairn.ts'

t.test('each system is told what to type', async t => {
  const here = 'http://127.0.0.1:7070/dav/mfs/'
  const shared = 'https://192.0.2.1:7443/dav/mfs/'
  const own = driveSteps({ here, shared: undefined, fingerprint: undefined })
  const text = JSON.stringify(own)
  t.match(text, 'gio mount dav://127.0.0.1:7070/dav/mfs/')
  t.match(text, 'net use * http://127.0.0.1:7070/dav/mfs"')
  t.match(text, 'FileSizeLimitInBytes')
  t.notMatch(text, 'iOS', 'which never reach this machine')
  const others = JSON.stringify(driveSteps({ here, shared, fingerprint: 'AA' }))
  t.match(others, 'davs://192.0.2.1:7443/dav/mfs/')
  t.match(others, 'webdavs://192.0.2.1:7443/dav/mfs/')
  t.match(others, 'iOS')
})

t.test('it says where the drive is, running or not, and shows a code to phones', async t => {
  const world = await makeWorld(t)
  const before = await world.line(['setup', 'dav'])
  t.match(before, 'http://127.0.0.1:7070/dav/mfs/')
  t.match(before, 'cairn user add')
  t.notMatch(before, '█')
  await world.line(['user', 'add', 'ann'])
  await writeFile(join(world.home, 'config.yaml'), 'tls:\n  certificate: self-signed\n')
  const { url } = await world.start(['--mount', 'none', '--share', '0.0.0.0:0'])
  const running = await world.line(['setup', 'dav'])
  t.match(running, `${url}dav/mfs/`)
  t.match(running, /others {8}https:\/\/[\d.]+:\d+\/dav\/mfs\//)
  t.notMatch(running, '0.0.0.0')
  t.match(running, /certificate {3}([0-9A-F]{2}:){31}/)
  t.match(running.split('\n').slice(-8).join('\n'), /[█▀▄]{8}|\[4[07]m/)
  const told = JSON.parse(await world.line(['setup', 'dav', '--json']))
  t.match(told, { here: `${url}dav/mfs/`, shared: /^https:/, steps: Array })
})

t.test('on request it is mounted in a session of GNOME, and unmounted', async t => {
  for (const client of ['gio', 'dbus-run-session', 'gvfsd', 'gvfsd-dav']) {
    if (!requireClient(t, client)) return
  }
  const world = await makeWorld(t)
  const { url } = await world.start()
  await fetch(new URL('/dav/mfs/a', url), { method: 'PUT', body: 'text' })
  t.match(await world.run(['setup', 'dav', '--gio', '--mount', 'x']), { status: 2 })
  const drive = `${url.replace(/^http/, 'dav')}dav/mfs/`
  const script = `"$1" setup dav --gio; gio cat "$2a"; "$1" setup dav --gio --undo; ! gio cat "$2a"
    ! "$1" setup dav --gio --undo`
  const ran = await execa('dbus-run-session', ['--', 'sh', '-euxc', script, 'sh', program, drive], {
    env: { HOME: world.folder, CAIRN_HOME: world.home, XDG_RUNTIME_DIR: world.folder },
    all: true,
    reject: false
  })
  t.equal(ran.exitCode, 0, ran.all)
  t.match(ran.stdout, `${drive} is mounted\ntext${drive} is unmounted`)
  t.match(ran.all, 'gio did not unmount the drive')
})

t.test('on request it is mounted by davfs2, and unmounted', { timeout: 120_000 }, async t => {
  if (!requireClient(t, 'mount.davfs') || !requireFuse(t) || !requireRoot(t)) return
  const world = await makeWorld(t)
  const folder = join(world.folder, 'drive')
  const { url } = await world.start()
  await fetch(new URL('/dav/mfs/a', url), { method: 'PUT', body: 'text' })
  const setup = (...more: string[]) => world.run(['setup', 'dav', ...more])
  t.match(await setup('--undo'), { status: 1, stderr: 'anywhere' })
  t.match(await setup('--mount', folder), { status: 0, stdout: `is mounted on ${folder}\n` })
  const other = join(world.folder, 'an other')
  try {
    t.equal(await readFile(join(folder, 'a'), 'utf8'), 'text')
    t.match(await setup('--mount', folder), { status: 0, stdout: `on ${folder} already` })
    t.match(await setup('--mount', other), { status: 0 })
    t.match(await setup('--undo'), { status: 2, stderr: `--mount ${folder}, or ${other}` })
    t.match(await setup('--mount', folder, '--undo'), { status: 0 })
  } finally {
    t.match(await setup('--undo'), { status: 0, stdout: `${other} is unmounted` })
  }
  await writeFile(join(world.folder, 'file'), '')
  t.match(await setup('--mount', join(world.folder, 'file')), {
    status: 1,
    stderr: 'davfs2 did not mount the drive'
  })
  t.match(await world.run(['setup', 'dav', '--mount', folder, '--undo']), {
    status: 1,
    stderr: 'was not unmounted'
  })
})
