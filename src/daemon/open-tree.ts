import { openCatalog } from '../pull/catalog.ts'
import { RetentionState } from '../pull/retention/retention-state.ts'
import type { Tree } from '../vfs/api.ts'
import { diskStatistics, withinBudget } from '../vfs/frozen/disk-statistics.ts'
import { openHistoryTree } from '../vfs/frozen/history-tree.ts'
import type { InodeMemory } from '../vfs/frozen/inode-memory.ts'
import { InodeTable } from '../vfs/frozen/inode-table.ts'
import { openIpfsTree } from '../vfs/frozen/ipfs-tree.ts'
import { openIpnsTree } from '../vfs/frozen/ipns-tree.ts'
import { openPackageTree } from '../vfs/frozen/package-tree.ts'
import { withSnapshots } from '../vfs/mfs/with-snapshots.ts'
import { type Content, openMfsOf, thisUser } from './content.ts'
import { openNamesOf } from './open-names.ts'
import type { Packages } from './packages.ts'
import type { Settings } from './settings.ts'
import type { TreeName } from './tree-names.ts'
import { viewNames } from './view-names.ts'
import { viewPackages } from './view-packages.ts'

/** What the threads that answer for a tree share; structured clone. */
export interface TreeMemory {
  readonly inodes?: InodeMemory
  readonly mfs?: SharedArrayBuffer
}

/** The settings that /mfs is sealed by, and what packages may take. */
export type TreeSettings = Pick<
  Settings,
  'profile' | 'mfsMetadata' | 'mfsPassthrough' | 'ipfsPassthrough' | 'cacheBudget'
>

export interface OpenTreeOptions {
  readonly settings: TreeSettings
  readonly memory: TreeMemory
  /** As in `viewNames`. */
  readonly ownNames?: 'links' | 'content'
  readonly visits?: boolean
}

/** What only the thread that unpacks packages can tell. */
export interface OnMainThread {
  readonly growing?: Packages['growing']
}

/** One thread's instance of a tree over its own content. */
export function openTree(
  name: TreeName,
  content: Content,
  options: OpenTreeOptions & OnMainThread
): Tree {
  const { memory, settings } = options
  const frozen = {
    reader: content.reader,
    inodes: new InodeTable(memory.inodes === undefined ? {} : { memory: memory.inodes }),
    owner: thisUser(),
    statistics: () => diskStatistics(content.paths.home),
    together: <T>(listing: () => T) => content.database.read(listing)
  }
  if (name === 'ipfs') {
    const { sharing } = content.store
    return openIpfsTree(settings.ipfsPassthrough ? { ...frozen, sharing } : frozen)
  }
  if (name === 'ipns')
    return openIpnsTree(frozen, viewNames(openNamesOf(content), options.ownNames, options.visits))
  if (name === 'mfs') {
    const shared = memory.mfs === undefined ? {} : { shared: memory.mfs }
    const mfs = openMfsOf(content, { ...settings, ...shared })
    return withSnapshots(
      mfs,
      openHistoryTree(frozen, options => mfs.history(options))
    )
  }
  const statistics = () => {
    const { cachedBytes } = new RetentionState(content.database).read()
    return withinBudget(frozen.statistics(), settings.cacheBudget, cachedBytes)
  }
  const packages = viewPackages(openCatalog(content.database), options.growing)
  return openPackageTree({ ...frozen, statistics, packages })
}
