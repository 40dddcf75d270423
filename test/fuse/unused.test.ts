import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { isFuseMount } from '../../src/fuse/mount-point.ts'
import { canMount, mountTestTree, shell } from './mounted.ts'

t.test('a mount that nobody has used', async t => {
  if (!canMount(t)) return
  const unused = { minThreads: 0 }

  t.test('has no thread; its first request is answered and brings one', async t => {
    const { path, mount } = await mountTestTree(t, unused)
    t.equal(mount.statistics().threads, 0)
    t.equal(await readFile(join(path, 'hello'), 'utf8'), 'hello, world\n')
    t.equal(mount.statistics().threads, 1)
  })

  t.test('answers many first requests at once', async t => {
    const { path } = await mountTestTree(t, unused)
    const script = 'for i in 1 2 3 4 5 6 7 8; do cat hello & done; wait'
    t.equal((await shell(path, script)).stdout, 'hello, world\n'.repeat(8))
  })

  t.test('a first request that fails is answered by its error', async t => {
    const { path } = await mountTestTree(t, unused)
    await t.rejects(readFile(join(path, 'no such file')), { code: 'ENOENT' })
    t.equal(await readFile(join(path, 'hello'), 'utf8'), 'hello, world\n')
  })

  t.test('unmounts, and tells when somebody else does', async t => {
    const first = await mountTestTree(t, unused)
    await first.mount.unmount()
    t.equal(await first.mount.closed, 'unmounted')
    const second = await mountTestTree(t, unused)
    t.equal((await shell('/', 'umount "$1"', [second.path])).status, 0)
    t.equal(await second.mount.closed, 'external')
  })

  for (const how of ['throw', 'exit', 'unmount'] as const) {
    t.test(`its process ends by ${how}, and it with it`, async t => {
      const path = await makeFolder(t)
      const child = fork(new URL('./daemon-process.ts', import.meta.url), [path, '0'], {
        execArgv: ['--disable-warning=ExperimentalWarning'],
        silent: true
      })
      t.teardown(() => child.kill('SIGKILL'))
      t.strictSame(await once(child, 'message'), ['mounted', undefined])
      child.send(how)
      const [status] = await once(child, 'exit')
      t.equal(status, { throw: 1, exit: 7, unmount: 0 }[how])
      t.notOk(await isFuseMount(path))
    })
  }
})

async function makeFolder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cairn-unused-'))
  t.teardown(() => rmdir(path))
  return path
}
