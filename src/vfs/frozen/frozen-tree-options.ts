import type { SegmentSharing } from '../../store/api.ts'
import type { UnixfsReader } from '../../unixfs/api.ts'
import type { TreeStatistics } from '../api.ts'
import type { Together } from './content-nodes.ts'
import type { Owner } from './inode-key.ts'
import type { InodeTable } from './inode-table.ts'

/** What every tree of frozen content is opened with. */
export interface FrozenTreeOptions {
  readonly reader: UnixfsReader
  /** One table for all threads of a mount, and of this mount only; it stays the caller's. */
  readonly inodes: InodeTable
  /** Content knows no owner; usually whoever runs Cairn. */
  readonly owner: Owner
  /** Shown for content that carries no time of its own; default 0. */
  readonly mtimeSeconds?: number
  /** As in `ContentNodesOptions`: the database's `read`. */
  readonly together?: Together
  readonly statistics: () => TreeStatistics
  /** Of the store, for a tree that has `sharedFiles`. */
  readonly sharing?: SegmentSharing
}
