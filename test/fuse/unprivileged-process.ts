import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CairnError } from '../../src/base/errors.ts'
import { mountFuse } from '../../src/fuse/mount.ts'
import { isFuseMount } from '../../src/fuse/mount-point.ts'
import { threadEntry, until } from './mounted.ts'
import { makeTestTree, testTreeData } from './test-tree.ts'

/** Runs as somebody without privileges: mounts below its first argument, and tells what it saw. */
const mountPoint = join(process.argv[2]!, 'mount')
await mkdir(mountPoint)
try {
  await useAndUnmount()
  await surviveKill()
} catch (cause) {
  if (!(cause instanceof CairnError)) throw cause
  console.log(`${cause.code}: ${cause.message}`)
} finally {
  await rmdir(mountPoint)
}

async function useAndUnmount(): Promise<void> {
  const threadData = testTreeData()
  const mount = await mountFuse({
    mountPoint,
    name: 'cairn',
    allowOther: false,
    readOnly: false,
    threadEntry,
    threadData,
    maxThreads: 1,
    passthrough: true,
    tree: Object.assign(makeTestTree(threadData), { plainFiles: { folder: process.argv[2]! } }),
    satisfy: () => Promise.reject(new Error('nothing is fetched')),
    log: (message, facts) => console.log(message, facts)
  })
  console.log(`mounted; passthrough: ${mount.passthroughProblem}`)
  process.stdout.write(await readFile(`${mountPoint}/hello`, 'utf8'))
  const holder = spawn('sleep', ['1000'], { cwd: mountPoint })
  await once(holder, 'spawn')
  await mount.unmount({ graceMs: 0 })
  console.log(`held: ${await mount.closed}`)
  holder.kill('SIGKILL')
}

async function surviveKill(): Promise<void> {
  const child = fork(new URL('./daemon-process.ts', import.meta.url), [mountPoint])
  await once(child, 'message')
  child.kill('SIGKILL')
  await until(async () => !(await isFuseMount(mountPoint)))
  console.log('killed: gone')
}
