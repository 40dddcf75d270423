import { execFile } from 'node:child_process'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { FuseMount, FuseOptions } from '../../src/fuse/api.ts'
import { mountFuse } from '../../src/fuse/mount.ts'
import { requireFuse, requireRoot } from '../lib/skip.ts'
import { makeTestTree, type TestTreeData, testTreeData } from './test-tree.ts'

/** Whether tests that mount can run here; if not, the test says so loudly. */
export function canMount(t: Test): boolean {
  return requireRoot(t) && requireFuse(t)
}

export const threadEntry = new URL('./memory-thread.ts', import.meta.url)

export interface Mounted {
  readonly path: string
  readonly mount: FuseMount
  readonly data: TestTreeData
  readonly logged: Array<{ message: string; facts: Readonly<Record<string, unknown>> }>
}

/** Mounts a test tree on a new directory; unmounted and removed when the test ends. */
export async function mountTestTree(
  t: Test,
  options: Partial<FuseOptions> = {},
  data: TestTreeData = testTreeData()
): Promise<Mounted> {
  const path = await mkdtemp(join(tmpdir(), 'cairn-fuse-'))
  t.teardown(() => rmdir(path))
  const logged: Mounted['logged'] = []
  const mount = await mountFuse({
    mountPoint: path,
    name: 'cairn',
    allowOther: true,
    readOnly: false,
    threadEntry,
    threadData: data,
    maxThreads: 1,
    tree: makeTestTree({ ...data, failAtStart: false }),
    satisfy: () => Promise.reject(new Error('nothing is fetched in this test')),
    log: (message, facts) => logged.push({ message, facts }),
    ...options
  })
  t.teardown(() => mount.unmount({ graceMs: 0 }))
  return { path, mount, data, logged }
}

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a shell script in a directory with its arguments as $1, $2, …; never rejects. The shell goes
 * there by itself: `cwd` would block this thread in `spawn` until the mount it may serve answers.
 */
export function shell(cwd: string, script: string, args: readonly string[] = []): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', LC_ALL: 'C' }
  const options = { cwd: '/', timeout: 60_000, killSignal: 'SIGKILL' as const, env }
  const there = `cd -- "$0" || exit\n${script}`
  execFile('bash', ['-c', there, cwd, ...args], options, (error, stdout, stderr) => {
    const code = error === null ? 0 : error.code
    resolve({ status: typeof code === 'number' ? code : -1, stdout, stderr })
  })
  return promise
}

/** Waits until a condition holds; the test's own timeout bounds it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 10))
}
