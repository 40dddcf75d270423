import { allocation } from './allocation.ts'
import { betweenFiles } from './between-files.ts'
import { content } from './content.ts'
import { descriptors } from './descriptors.ts'
import { largeFiles } from './large-files.ts'
import { listing } from './listing.ts'
import { names } from './names.ts'
import { onePath } from './one-path.ts'
import { owners } from './owners.ts'
import { permissions } from './permissions.ts'
import { rights } from './rights.ts'
import type { Table } from './table.ts'
import { reading, times } from './times.ts'
import { twoPaths } from './two-paths.ts'
import { wrongPaths } from './wrong-paths.ts'
import { xattrs } from './xattrs.ts'

export const tables: readonly Table[] = [
  onePath,
  wrongPaths,
  twoPaths,
  names,
  owners,
  rights,
  permissions,
  times,
  reading,
  xattrs,
  content,
  largeFiles,
  listing,
  descriptors,
  allocation,
  betweenFiles
]
