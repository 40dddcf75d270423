import type { Reserve } from '../../base/reserve.ts'
import type { ShardCounts } from '../../unixfs/api.ts'
import type { Attributes } from '../api.ts'
import type { MfsOptions } from './api.ts'
import type { Drafts } from './drafts.ts'
import type { ShownInode } from './inode.ts'
import type { Lookups } from './lookups.ts'
import type { Numbers } from './numbers.ts'
import type { Telling } from './telling.ts'

/** What every operation of an instance works with. */
export interface Context extends Omit<MfsOptions, 'drafts' | 'shared' | 'recover'> {
  readonly drafts: Drafts
  readonly draftsFolder: string
  /** Whatever makes the database grow spends of it; what shrinks it may go to the disk's end. */
  readonly reserve: Reserve
  readonly lookups: Lookups
  readonly telling: Telling
  readonly numbers: Numbers
  readonly shardCounts: ShardCounts
  /** Rows of inodes whose attributes were listed, so that their validators need no second look. */
  readonly listed: WeakMap<Attributes, ShownInode>
}

export const rootIno = 1
