import type { FuseMount, FuseOptions } from '../../src/fuse/api.ts'
import { mountFuse } from '../../src/fuse/mount.ts'
import { threadEntry } from './mounted.ts'
import { makeTestTree, testTreeData } from './test-tree.ts'

/**
 * A process that mounts a test tree on its first argument, served by as many threads as the second
 * says (by default one), and tells its parent so; told `throw`,
 * `exit` or `unmount` it ends that way.
 */
const [mountPoint = '', minThreads = '1'] = process.argv.slice(2)
const threadData = testTreeData()
const options: FuseOptions = {
  mountPoint,
  name: 'cairn',
  allowOther: process.getuid?.() === 0,
  readOnly: false,
  threadEntry,
  threadData,
  minThreads: Number(minThreads),
  maxThreads: 1,
  tree: makeTestTree(threadData),
  satisfy: () => Promise.reject(new Error('nothing is fetched')),
  log: () => {}
}

async function end(mount: FuseMount, how: unknown): Promise<void> {
  if (how === 'throw') throw new Error('an unexpected end')
  if (how === 'exit') process.exit(7)
  await mount.unmount({ graceMs: 0 })
  process.disconnect?.()
}

try {
  const mount = await mountFuse(options)
  process.on('message', how => void end(mount, how))
  mount.closed.then(why => process.send?.(why))
  process.send?.('mounted')
} catch (cause) {
  process.send?.(`failed: ${(cause as Error).message}`)
  process.disconnect?.()
}
