import { CairnError } from '../../base/errors.ts'
import type { Name } from '../../base/names.ts'
import { type Context, rootIno } from './context.ts'
import { findDentry } from './dentries.ts'
import { isDirectory } from './inode.ts'
import { getInode } from './inodes.ts'

/** Whether anything at a path or below it was written since the last seal; false where nothing is. */
export function isDirty(context: Context, path: readonly Name[]): boolean {
  let at = getInode(context, rootIno)
  for (const name of path) {
    // Above what is dirty all is dirty.
    if (at.dirty === 0 || !isDirectory(at)) return false
    try {
      const found = findDentry(context, at, name)
      if (found === undefined) return false
      at = getInode(context, found.ino)
    } catch (cause) {
      // A folder whose own entries are not here was not written to below.
      if (cause instanceof CairnError && cause.code === 'missing') return false
      throw cause
    }
  }
  return at.dirty === 1
}
