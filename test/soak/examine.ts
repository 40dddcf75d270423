import { checkMfs } from '../../src/vfs/mfs/check.ts'
import { openTree } from '../vfs/mfs/open-tree.ts'
import { worldOfMfs } from './mfs-world.ts'
import type { World } from './world.ts'

/** What is wrong with the tree of a home, and all that it shows; recovered first or just as it was left. */
export function examine(
  home: string,
  recover: boolean
): { problems: readonly string[]; found: World } {
  const { tree, database, drafts, close } = openTree(home, { recover })
  try {
    const { problems } = checkMfs(database, drafts, { resting: recover })
    return { problems, found: worldOfMfs(tree) }
  } finally {
    close()
  }
}
