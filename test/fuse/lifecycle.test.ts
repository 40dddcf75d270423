import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isFuseMount } from '../../src/fuse/mount-point.ts'
import { requireRoot } from '../lib/skip.ts'
import { canMount, mountTestTree, shell, until } from './mounted.ts'
import { testTreeData } from './test-tree.ts'

const daemonUrl = new URL('./daemon-process.ts', import.meta.url)

async function directory(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cairn-fuse-'))
  t.teardown(() => rmdir(path))
  return path
}

/** Starts a process that mounts; killed, and what it mounted cleared, when the test ends. */
async function startDaemon(t: Test, path: string): Promise<ChildProcess> {
  const child = fork(daemonUrl, [path], { execArgv: ['--disable-warning=ExperimentalWarning'] })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await shell('/', 'umount -c -l -- "$1"', [path])
  })
  t.strictSame(await once(child, 'message'), ['mounted', undefined])
  return child
}

/** The process that unmounts after the daemon's death, a child of it: https://man7.org/linux/man-pages/man5/proc_pid_task.5.html */
async function watcherOf(daemon: number): Promise<number> {
  const children = await readFile(`/proc/${daemon}/task/${daemon}/children`, 'utf8')
  for (const pid of children.trim().split(' ').map(Number)) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    if (pid > 0 && words.includes('cairn-unmount')) return pid
  }
  throw new Error(`no watcher among the children of ${daemon}: ${children}`)
}

t.test('the life of a mount', async t => {
  if (!canMount(t)) return
  t.test('it shows as fuse.cairn, with permissions checked by the kernel', async t => {
    const { path } = await mountTestTree(t)
    const mounts = await readFile('/proc/mounts', 'utf8')
    const line = mounts.split('\n').find(each => each.includes(path))
    t.match(line, /^cairn \S+ fuse\.cairn rw,nosuid,nodev,.*default_permissions,allow_other/)
  })

  t.test('unmounting twice, and statistics afterwards, are fine', async t => {
    const { path, mount } = await mountTestTree(t)
    await readdir(path)
    await Promise.all([mount.unmount(), mount.unmount()])
    t.equal(await mount.closed, 'unmounted')
    t.notOk(await isFuseMount(path))
    t.match(mount.statistics(), { threads: 0, requests: { opendir: 1 } })
  })

  t.test('umount(8) from outside is noticed', async t => {
    const { path, mount } = await mountTestTree(t)
    t.equal((await shell('/', 'umount "$1"', [path])).status, 0)
    t.equal(await mount.closed, 'external')
    await mount.unmount()
  })

  t.test('a mount that somebody holds is cut off after the grace', async t => {
    const { path, mount } = await mountTestTree(t)
    const holder = spawn('sh', ['-c', 'exec 3< hello; echo held; read x; cat <&3'], { cwd: path })
    await once(holder.stdout, 'data')
    await mount.unmount({ graceMs: 0 })
    t.notOk(await isFuseMount(path))
    const errors = holder.stderr.setEncoding('utf8').toArray()
    holder.stdin.end('\n')
    t.match((await errors).join(''), /not connected/)
  })

  for (const minThreads of [0, 2]) {
    t.test(`one that another mount namespace holds too is left, ${minThreads} threads`, async t => {
      if (!requireRoot(t)) return
      const { path, mount } = await mountTestTree(t, { minThreads, maxThreads: 2 })
      const script = 'echo there; read line; cat "$1/hello" || true'
      const elsewhere = spawn('unshare', ['-m', 'sh', '-c', script, 'sh', path])
      t.teardown(() => elsewhere.kill('SIGKILL'))
      await once(elsewhere.stdout, 'data')
      await mount.unmount()
      t.equal(await mount.closed, 'unmounted')
      t.equal(mount.statistics().threads, 0)
      t.notOk(await isFuseMount(path))
      const errors = elsewhere.stderr.setEncoding('utf8').toArray()
      elsewhere.stdin.end('\n')
      t.match((await errors).join(''), /not connected/, 'who is there is cut off')
    })
  }

  t.test('a read-only mount refuses writes, and so does one of a read-only tree', async t => {
    const { path } = await mountTestTree(t, { readOnly: true })
    await t.rejects(writeFile(`${path}/new`, ''), { code: 'EROFS' })
  })

  t.test('a second mount on the same place is refused', async t => {
    const { path } = await mountTestTree(t)
    await t.rejects(mountTestTree(t, { mountPoint: path }), { code: 'busy', message: path })
  })

  t.test('a mount point that is absent, or a file, is refused with its name', async t => {
    const folder = t.testdir({ file: '' })
    await t.rejects(mountTestTree(t, { mountPoint: `${folder}/absent` }), { code: 'not-found' })
    await t.rejects(mountTestTree(t, { mountPoint: `${folder}/file` }), { code: 'not-directory' })
  })

  t.test('a thread that cannot open its tree fails the mount, which is gone', async t => {
    const path = await directory(t)
    const data = { ...testTreeData(), failAtStart: true }
    await t.rejects(mountTestTree(t, { mountPoint: path }, data), { message: 'no tree today' })
    t.notOk(await isFuseMount(path))
  })

  t.test('blanks and backslashes in the mount point', async t => {
    const folder = t.testdir({ 'a b\\c': {} })
    const { mount } = await mountTestTree(t, { mountPoint: `${folder}/a b\\c` })
    t.ok(await isFuseMount(`${folder}/a b\\c`))
    t.equal((await shell(`${folder}/a b\\c`, 'cat hello')).stdout, 'hello, world\n')
    await mount.unmount()
    t.notOk(await isFuseMount(`${folder}/a b\\c`))
  })

  t.test('a directory looked at before and after an entry is invalidated', async t => {
    const { path, mount } = await mountTestTree(t)
    await readFile(`${path}/hello`)
    mount.invalidateEntry(1, 'hello')
    mount.invalidateInode(2)
    mount.invalidateEntry(99, 'nothing')
    t.equal(await readFile(`${path}/hello`, 'utf8'), 'hello, world\n')
  })

  t.test(
    'threads that a single caller has no use for end, and what they counted stays',
    async t => {
      const { path, mount } = await mountTestTree(t, { minThreads: 3, maxThreads: 3 })
      t.equal(mount.statistics().threads, 3)
      await until(async () => {
        await shell(path, 'for n in {1..2000}; do [ -e absent-$n ]; done')
        return mount.statistics().threads === 1
      })
      t.ok((mount.statistics().requests.lookup ?? 0) >= 2000)
      t.equal((await shell(path, 'cat hello')).stdout, 'hello, world\n', 'the last one stays')
    }
  )

  t.test('busy mounts get more threads, up to the maximum', async t => {
    const { path, mount } = await mountTestTree(t, { maxThreads: 3 })
    t.equal(mount.statistics().threads, 1)
    const load = 'until [ -e "$1/enough" ]; do test -e slow-$BASHPID; done'
    const folder = t.testdir()
    const loads = [1, 2, 3].map(() => shell(path, load, [folder]))
    await until(() => mount.statistics().threads === 3)
    await writeFile(`${folder}/enough`, '')
    await Promise.all(loads)
    t.equal(mount.statistics().threads, 3)
  })
})

t.test('the end of a process that serves a mount', async t => {
  if (!canMount(t)) return
  for (const how of ['throw', 'exit', 'unmount'] as const) {
    t.test(`by ${how}: it ends, and the mount is gone`, async t => {
      const path = await directory(t)
      const child = await startDaemon(t, path)
      child.send(how)
      const [status] = await once(child, 'exit')
      t.equal(status, { throw: 1, exit: 7, unmount: 0 }[how])
      t.notOk(await isFuseMount(path))
    })
  }

  t.test('by SIGKILL: the mount goes, though somebody holds it', async t => {
    const path = await directory(t)
    const child = await startDaemon(t, path)
    const holder = spawn('sleep', ['1000'], { cwd: path })
    t.teardown(() => holder.kill('SIGKILL'))
    child.kill('SIGKILL')
    await until(async () => !(await isFuseMount(path)))
    t.pass('unmounted by the process that watches')
  })

  t.test('by SIGKILL together with its watcher: the next start clears what is left', async t => {
    const path = await directory(t)
    const child = await startDaemon(t, path)
    process.kill(await watcherOf(child.pid!), 'SIGKILL')
    child.kill('SIGKILL')
    await once(child, 'exit')
    t.equal((await shell('/', 'ls "$1"', [path])).status, 2, 'it answers ENOTCONN')
    const { mount } = await mountTestTree(t, { mountPoint: path })
    t.equal((await shell(path, 'cat hello')).stdout, 'hello, world\n')
    await mount.unmount()
    t.notOk(await isFuseMount(path))
  })
})

/** Runs a script as nobody where /dev/fuse has the mode that udev gives it, which nobody else sees. */
function asNobody(folder: string, script: string): ReturnType<typeof shell> {
  const prepare = `mount -t tmpfs -o mode=755 none /mnt; mknod -m "$1" /mnt/fuse c 10 229
    mount --bind /mnt/fuse /dev/fuse; shift
    exec setpriv --reuid=65534 --regid=65534 --clear-groups bash -c '${script}' bash "$@"`
  const mode = script.startsWith(': closed') ? '600' : '666'
  const driver = new URL('./unprivileged-process.ts', import.meta.url).pathname
  return shell(
    '/',
    `unshare -m --propagation private bash -c '${prepare.replaceAll("'", `'\\''`)}' bash "$@"`,
    [mode, process.execPath, driver, folder]
  )
}

t.test('mounting without privileges', async t => {
  if (!canMount(t)) return
  t.test('by fusermount3: mounted, used, unmounted while held, cleared after SIGKILL', async t => {
    const folder = await directory(t)
    await chmod(folder, 0o777)
    const { status, stdout, stderr } = await asNobody(
      folder,
      '"$1" --disable-warning=ExperimentalWarning "$2" "$3"'
    )
    t.equal(status, 0, stderr)
    t.strictSame(stdout.trim().split('\n'), [
      'mounted; passthrough: the kernel allows it to root alone (CAP_SYS_ADMIN)',
      'hello, world',
      'held: unmounted',
      'killed: gone'
    ])
  })

  t.test('says what to do where /dev/fuse is closed to others', async t => {
    const folder = await directory(t)
    await chmod(folder, 0o777)
    const { stdout } = await asNobody(
      folder,
      ': closed; "$1" --disable-warning=ExperimentalWarning "$2" "$3"'
    )
    t.match(stdout, /unsupported: .*chmod 666 \/dev\/fuse/)
  })
})
