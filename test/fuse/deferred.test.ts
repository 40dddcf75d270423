import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { CairnError, type Want } from '../../src/base/errors.ts'
import type { FuseOptions } from '../../src/fuse/api.ts'
import { canMount, type Mounted, mountTestTree, shell, until } from './mounted.ts'
import { lateIndex, testTreeData } from './test-tree.ts'

interface Fetches extends Mounted {
  readonly wanted: string[]
  /** Lets a block arrive, or its fetch fail. */
  readonly settle: (id: string, error?: Error) => void
}

/** A mount whose missing blocks arrive when the test says so. */
async function mountWithFetches(t: Test, options: Partial<FuseOptions> = {}): Promise<Fetches> {
  const data = testTreeData('frozen')
  const arrived = new Uint8Array(data.arrived)
  const flights = new Map<string, PromiseWithResolvers<void>>()
  const wanted: string[] = []
  const satisfy = ({ id }: Want): Promise<void> => {
    wanted.push(id)
    const flight = flights.get(id) ?? Promise.withResolvers<void>()
    flights.set(id, flight)
    return flight.promise
  }
  const settle = (id: string, error?: Error): void => {
    const { resolve, reject } = flights.get(id)!
    if (error === undefined) {
      Atomics.store(arrived, lateIndex(id), 1)
      resolve()
    } else reject(error)
  }
  return { ...(await mountTestTree(t, { satisfy, ...options }, data)), wanted, settle }
}

t.test('requests that lack a block', async t => {
  if (!canMount(t)) return
  t.test('wait until it arrives, and then succeed', async t => {
    const { path, wanted, settle, mount } = await mountWithFetches(t)
    const reading = readFile(`${path}/late-7`, 'utf8')
    await until(() => wanted.length === 1)
    t.equal(mount.statistics().pending, 1)
    settle('late-7')
    t.equal(await reading, 'late 7\n')
    t.match(mount.statistics(), { pending: 0, deferred: 1 })
  })

  t.test('keep the kernel from forgetting in their directory, and nowhere else', async t => {
    const { path, wanted, settle, mount } = await mountWithFetches(t)
    await shell(path, 'stat hello many/file-1')
    const reading = readFile(`${path}/late-3`, 'utf8')
    await until(() => wanted.length === 1)
    let forgotten = false
    const held = mount.invalidateEntry(1, 'hello').then(() => {
      forgotten = true
    })
    const again = mount.invalidateEntry(1, 'hello')
    for (let index = 0; index < 50; index += 1) await mount.invalidateEntry(3, `file-${index}`)
    t.notOk(forgotten, 'a lookup in the root is under way')
    settle('late-3')
    t.equal(await reading, 'late 3\n')
    await Promise.all([held, again])
    t.ok(forgotten)
  })

  t.test('that outlast the mount let go of whoever waits to be heard', async t => {
    const { path, wanted, mount } = await mountWithFetches(t)
    const reading = readFile(`${path}/late-4`).catch(() => 'failed')
    await until(() => wanted.length === 1)
    const names = ['hello', 'other', 'third']
    const told = Promise.all(names.map(name => mount.invalidateEntry(1, name)))
    await mount.unmount({ graceMs: 0 })
    await told
    await mount.invalidateEntry(1, 'hello')
    t.equal(await reading, 'failed')
  })

  t.test('eight that wait do not keep others waiting, on one thread', async t => {
    const { path, wanted, settle, mount } = await mountWithFetches(t)
    const ids = Array.from({ length: 8 }, (_, index) => `late-${index}`)
    const readers = ids.map(id => shell(path, `cat ${id}`))
    await until(() => wanted.length === 8)
    t.equal((await shell(path, 'cat hello; ls many | wc -l')).stdout, 'hello, world\n3000\n')
    t.equal(mount.statistics().threads, 1)
    for (const id of ids) settle(id)
    const texts = (await Promise.all(readers)).map(({ stdout }) => stdout)
    t.strictSame(
      texts,
      ids.map(id => `late ${lateIndex(id)}\n`)
    )
  })

  for (const signal of ['SIGINT', 'SIGKILL', 'SIGTERM'] as const) {
    t.test(`end at once when their caller gets ${signal}`, async t => {
      const { path, wanted, mount } = await mountWithFetches(t)
      const reader = spawn('cat', ['late-1'], { cwd: path, stdio: 'ignore' })
      await until(() => wanted.length === 1)
      reader.kill(signal)
      const [, killedBy] = await once(reader, 'exit')
      t.equal(killedBy, signal)
      await until(() => mount.statistics().pending === 0)
    })
  }

  const failures: Array<[CairnError['code'], string]> = [
    ['not-found', 'ENOENT'],
    ['upstream', 'EIO'],
    ['timeout', 'ETIMEDOUT'],
    ['corrupt', 'EIO']
  ]
  for (const [code, expected] of failures) {
    t.test(`fail with ${expected} when the fetch fails with ${code}`, async t => {
      const { path, wanted, settle } = await mountWithFetches(t)
      const failing = t.rejects(stat(`${path}/late-2`), { code: expected })
      await until(() => wanted.length === 1)
      settle('late-2', new CairnError(code, 'no'))
      await failing
    })
  }

  t.test('fail with ETIMEDOUT after the deadline, even if the fetch never ends', async t => {
    const { path } = await mountWithFetches(t, { missingWaitMs: 20 })
    await t.rejects(stat(`${path}/late-3`), { code: 'ETIMEDOUT' })
  })

  t.test('fail with EIO if what was fetched is still missing', async t => {
    const { path } = await mountWithFetches(t, { satisfy: () => Promise.resolve() })
    await t.rejects(stat(`${path}/late-4`), { code: 'EIO' })
  })

  t.test('the fetch is told that nobody waits any more', async t => {
    let aborted = false
    const satisfy = (_want: Want, signal: AbortSignal): Promise<void> => {
      const { promise, reject } = Promise.withResolvers<void>()
      signal.addEventListener('abort', () => {
        aborted = true
        reject(signal.reason)
      })
      return promise
    }
    const { path, mount } = await mountWithFetches(t, { satisfy })
    const reader = spawn('cat', ['late-5'], { cwd: path, stdio: 'ignore' })
    await until(() => mount.statistics().pending === 1)
    reader.kill('SIGINT')
    await until(() => aborted)
    t.pass('aborted')
  })

  t.test('unmounting ends them', async t => {
    const { path, wanted, mount } = await mountWithFetches(t)
    const failing = t.rejects(stat(`${path}/late-6`), { code: 'EIO' })
    await until(() => wanted.length === 1)
    await mount.unmount()
    await failing
    t.equal(await mount.closed, 'unmounted')
  })
})
