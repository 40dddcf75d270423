import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { WriteLock } from '../../src/base/write-lock.ts'
import { type Content, openContent, openMfsOf } from '../../src/daemon/content.ts'
import type { FuseOptions } from '../../src/fuse/api.ts'
import type { Mfs } from '../../src/vfs/mfs/api.ts'
import { mfsSharedMemory } from '../../src/vfs/mfs/lookups.ts'
import { type Mounted, mountTestTree, shell } from './mounted.ts'
import { testTreeData } from './test-tree.ts'

/** The daemon's /mfs, from a home of its own, served by two threads; `tree` is the main thread's. */
export async function mountMfs(
  t: Test,
  options: Partial<FuseOptions> = {}
): Promise<Mounted & { readonly tree: Mfs; readonly content: Content }> {
  const home = await mkdtemp(join(tmpdir(), 'cairn-home-'))
  t.teardown(() => rm(home, { recursive: true }))
  const lock = new WriteLock()
  const shared = mfsSharedMemory()
  const { passthrough: mfsPassthrough = false } = options
  const settings = { profile: 'unixfs-v1-2025', mfsMetadata: true, mfsPassthrough } as const
  const content = openContent(home, { writeLock: lock })
  const tree = openMfsOf(content, { ...settings, shared, recover: true })
  t.teardown(() => {
    tree.close()
    content.close()
  })
  const mounted = await mountTestTree(
    t,
    {
      tree,
      satisfy: async ({ kind, id }) => {
        if (kind !== 'sealed') throw new Error(`${kind} ${id} is not fetched in this test`)
        await tree.seal()
      },
      minThreads: 2,
      maxThreads: 2,
      threadEntry: new URL('../../src/daemon/fuse-thread.ts', import.meta.url),
      threadData: {
        home,
        tree: 'mfs',
        writeLock: lock.memory,
        memory: { mfs: shared },
        settings
      },
      ...options
    },
    testTreeData()
  )
  if (options.readOnly !== true) await shell(mounted.path, 'echo "hello, world" > hello')
  return { ...mounted, tree, content }
}
