import { join } from 'node:path'
import { checkStore } from '../../src/store/check.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { checkMfs } from '../../src/vfs/mfs/check.ts'
import { type OpenTree, openTree } from '../vfs/mfs/open-tree.ts'
import { worldOfMfs } from './mfs-world.ts'
import type { World } from './world.ts'

export interface Examined {
  readonly problems: readonly string[]
  /** All that the tree shows. */
  readonly found: World
  /** Where its root stood, newest first. */
  readonly snapshots: readonly string[]
}

/** Looks at the tree of a home: recovered first, or just as it was left. */
export function examine(home: string, recover: boolean): Examined {
  const opened = openTree(home, { recover })
  const { tree, database, drafts, close } = opened
  try {
    const problems = [
      ...checkMfs(database, drafts, { resting: recover }).problems,
      ...checkStore({ segments: join(home, 'segments'), database }).damaged.map(
        ({ cid, why }) => `block ${cid}: ${why}`
      ),
      ...brokenSnapshots(opened)
    ]
    const snapshots = tree.history().map(({ cid }) => cid.toString())
    return { problems, found: worldOfMfs(tree), snapshots }
  } finally {
    close()
  }
}

/** Whatever the root's history names must be here, block by block. */
function brokenSnapshots({ tree, blocks }: OpenTree): string[] {
  const reader = openUnixfsReader(blocks)
  return tree.history({ limit: 5 }).flatMap(({ cid }) => {
    try {
      for (const _ of reader.walk(cid));
      return []
    } catch (cause) {
      return [`snapshot ${cid}: ${(cause as Error).message}`]
    }
  })
}
