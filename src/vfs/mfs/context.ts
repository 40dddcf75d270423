import type { Name } from '../../base/names.ts'
import type { DirectoryLink } from '../../unixfs/api.ts'
import type { Attributes } from '../api.ts'
import type { MfsOptions } from './api.ts'
import type { Drafts } from './drafts.ts'
import type { ShownInode } from './inode.ts'
import type { Lookups } from './lookups.ts'
import type { Numbers } from './numbers.ts'

/** What every operation of an instance works with. */
export interface Context extends Omit<MfsOptions, 'drafts' | 'shared' | 'recover'> {
  readonly drafts: Drafts
  readonly draftsFolder: string
  readonly lookups: Lookups
  readonly numbers: Numbers
  /** Positions of names in decoded directory lists, for as long as the reader keeps the list. */
  readonly positions: WeakMap<readonly DirectoryLink[], Map<Name, number>>
  /** Rows of inodes whose attributes were listed, so that their validators need no second look. */
  readonly listed: WeakMap<Attributes, ShownInode>
}

export const rootIno = 1
