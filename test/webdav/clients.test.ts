import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { toName } from '../../src/base/names.ts'
import { findClient } from '../lib/clients.ts'
import { requireClient, requireFuse, requireRoot } from '../lib/skip.ts'
import { serveDav } from './served.ts'

const hostile = [
  'a b',
  'ä',
  '日本',
  '100%',
  '%41',
  'a#b',
  "it's",
  '<&>',
  '...x',
  '-rf',
  'a;b',
  '~',
  'CON',
  '(x)',
  '[y]',
  '!z',
  'a+b',
  '@'
]

t.test(
  'rclone copies 500 files of hostile names both ways, keeps their times, and syncs',
  { timeout: 120_000 },
  async t => {
    if (!requireClient(t, 'rclone')) return
    const home = t.testdir({ dav: {}, source: { sub: {} }, back: {} })
    const dav = await serveDav(t, join(home, 'dav'))
    const source = join(home, 'source')
    for (let index = 0; index < 500; index += 1) {
      const name = `${hostile[index % hostile.length]}-${index}`
      writeFileSync(join(source, index % 2 === 0 ? 'sub' : '.', name), 'x'.repeat(index * 10))
    }
    const remote = `:webdav,vendor=owncloud,pacer_min_sleep=0,url='${dav.url}/dav/mfs/':r`
    const rclone = (...args: string[]) =>
      execa('rclone', ['--config', join(home, 'none'), '--retries', '1', ...args], { all: true })
    await rclone('copy', source, remote)
    await rclone('check', source, remote)
    const again = await rclone('copy', '-v', source, remote)
    t.match(again.all, 'There was nothing to transfer', 'times and sizes are the same')
    const back = join(home, 'back')
    const differs = async () =>
      (await execa('diff', ['-r', source, back], { reject: false })).stdout
    await rclone('copy', remote, back)
    await rclone('check', remote, back)
    t.equal(await differs(), '')
    await execa('rm', ['-r', join(source, 'sub')])
    writeFileSync(join(source, 'a b-new'), 'made here')
    await rclone('sync', source, remote)
    t.notMatch((await rclone('lsf', remote)).all, 'sub/')
    writeFileSync(join(back, 'only here'), 'x')
    await rclone('sync', remote, back)
    t.equal(await differs(), '', 'what was made there came, what is gone there went')
    const there = await rclone('sync', '-v', remote, back)
    t.match(there.all, 'There was nothing to transfer')
    t.strictSame(dav.faults, [])
  }
)

t.test('cadaver puts, locks, edits properties, copies and deletes', async t => {
  if (!requireClient(t, 'cadaver')) return
  const home = t.testdir({ dav: {}, file: 'content' })
  const dav = await serveDav(t, join(home, 'dav'))
  const commands = [
    'mkcol d',
    'cd d',
    `put ${join(home, 'file')} f`,
    'lock f',
    `put ${join(home, 'file')} f`,
    'propset f colour red',
    'propget f colour',
    'unlock f',
    'copy f g',
    'move g h',
    'ls',
    'delete f',
    'quit'
  ]
  const ran = await execa('cadaver', [`${dav.url}/dav/mfs/`], {
    input: `${commands.join('\n')}\n`,
    all: true,
    env: { HOME: home },
    timeout: 20_000
  })
  t.notMatch(ran.all, /failed|error/i)
  t.match(ran.all, 'red')
  const { text } = { text: await (await fetch(`${dav.url}/dav/mfs/d/h`)).text() }
  t.equal(text, 'content')
  t.equal((await fetch(`${dav.url}/dav/mfs/d/f`)).status, 404)
})

t.test(
  'davfs2 mounts it: list, edit, rename, change modes, rsync, git',
  { timeout: 120_000 },
  async t => {
    if (!requireClient(t, 'mount.davfs') || !requireFuse(t) || !requireRoot(t)) return
    const home = t.testdir({
      dav: {},
      mnt: {},
      cache: {},
      conf: 'use_locks 1\nask_auth 0\ncache_size 50\ndelay_upload 0\nbuf_size 64\n',
      secrets: ''
    })
    const dav = await serveDav(t, join(home, 'dav'))
    const mount = join(home, 'mnt')
    const program = findClient('mount.davfs') ?? ''
    const mounted = await execa(
      program,
      [`${dav.url}/dav/mfs/`, mount, '-o', `conf=${join(home, 'conf')}`],
      { all: true, reject: false, input: '\n\n' }
    )
    t.equal(mounted.exitCode, 0, mounted.all)
    if (mounted.exitCode !== 0) return
    try {
      const shell = (script: string) =>
        execa('sh', ['-euc', `cd "$1"; ${script}`, 'sh', mount], { all: true })
      await shell('echo one > a; echo two >> a; mv a b; mkdir d; cp b d/c; chmod +x b; sync')
      t.equal(readFileSync(join(mount, 'd/c'), 'utf8'), 'one\ntwo\n')
      t.equal((await shell('ls')).stdout, 'b\nd\nlost+found')
      await shell('printf "1\\n2\\n" >text; sed -i s/1/one/ text')
      t.equal(readFileSync(join(mount, 'text'), 'utf8'), 'one\n2\n')
      mkdirSync(join(home, 'src'))
      for (let index = 0; index < 20; index += 1)
        writeFileSync(join(home, 'src', `f${index}`), `${index}`)
      if (requireClient(t, 'rsync')) {
        await execa('rsync', ['-r', '--inplace', `${join(home, 'src')}/`, join(mount, 'rsynced')])
        t.equal(readFileSync(join(mount, 'rsynced/f7'), 'utf8'), '7')
        const plain = ['-rt', `${join(home, 'src')}/`, join(mount, 'plain')]
        await execa('rsync', plain)
        t.equal((await execa('rsync', ['-i', ...plain])).stdout, '', 'nothing is left to be done')
        t.equal((await execa('diff', ['-r', join(home, 'src'), join(mount, 'plain')])).stdout, '')
      }
      if (requireClient(t, 'git')) {
        const git = 'git -c user.name=a -c user.email=a@example.org'
        await shell(`git init -q repo; cd repo; cp ../b .; git add b; ${git} commit -qm one`)
        await shell(
          `cd repo; echo more >>b; ${git} commit -qam two; git checkout -q HEAD~1; git fsck`
        )
        await shell(
          'git clone -q repo clone; git -C clone status --porcelain >state; [ ! -s state ]'
        )
        t.equal((await shell('git -C repo rev-list --all --count')).stdout, '2')
      }
    } finally {
      await execa('umount', [mount], { timeout: 60_000 })
    }
    t.equal(await (await fetch(`${dav.url}/dav/mfs/b`)).text(), 'one\ntwo\n')
    const modeOf = (name: string) => dav.mfs.lookup(dav.mfs.root, toName(name)).mode & 0o777
    t.strictSame([modeOf('b'), modeOf('text')], [0o755, 0o644], 'chmod +x comes through')
    t.strictSame(dav.faults, [])
  }
)
