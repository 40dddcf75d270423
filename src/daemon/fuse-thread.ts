import { workerData } from 'node:worker_threads'
import { WriteLock } from '../base/write-lock.ts'
import type { FuseThreadData } from '../fuse/api.ts'
import { serveFuse } from '../fuse/serve.ts'
import { openContent } from './content.ts'
import { type OpenTreeOptions, openTree } from './open-tree.ts'
import type { TreeName } from './tree-names.ts'

/** What a FUSE thread opens its tree from; structured clone. */
export interface TreeThreadData extends OpenTreeOptions {
  readonly home: string
  readonly tree: TreeName
  readonly writeLock: SharedArrayBuffer
}

/** The entry of a FUSE thread: its own connection, store and tree, then the kernel's requests until the mount ends. */
const { fuse, data } = workerData as FuseThreadData<TreeThreadData>
const content = openContent(data.home, {
  writeLock: new WriteLock(data.writeLock),
  checkpoints: 'background',
  blocks: true,
  grouped: !data.settings.mfsPassthrough
})
const tree = openTree(data.tree, content, data)
try {
  serveFuse(fuse, tree, content.database)
} finally {
  tree.close()
  content.close()
}
