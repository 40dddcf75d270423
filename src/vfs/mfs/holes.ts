import { CairnError, toCairnError } from '../../base/errors.ts'
import type { Allocation } from '../api.ts'
import type { Context } from './context.ts'
import { seekInData } from './draft-files.ts'
import { isRegular } from './inode.ts'
import { getInode } from './inodes.ts'
import { notRegular, restart, whileChanging } from './read.ts'
import { draftForWriting } from './write.ts'

/** fallocate(2) of a file that is open for writing: on its draft, which takes no more of the disk than it must. */
export function allocate(context: Context, ino: number, allocation: Allocation): void {
  const { position, length } = allocation
  if (length <= 0 || position < 0) throw new CairnError('invalid', 'an allocation of nothing')
  if (!Number.isSafeInteger(position + length)) {
    throw new CairnError('file-too-large', `an allocation at ${position}: no file is that large`)
  }
  const draft = draftForWriting(context, ino)
  try {
    context.drafts.allocate(draft, allocation)
  } catch (cause) {
    throw toCairnError(cause, `cannot allocate ${length} bytes of inode ${ino}`)
  }
}

/** lseek(2), SEEK_DATA and SEEK_HOLE. Sealed content counts as data from end to end. */
export function seek(
  context: Context,
  ino: number,
  position: number,
  what: 'data' | 'hole'
): number | undefined {
  return restart(() => {
    const inode = getInode(context, ino)
    if (!isRegular(inode)) throw notRegular(inode)
    const { draft, size } = inode
    if (draft === null) return seekInData(size, position, what)
    return whileChanging(() => context.drafts.seek(draft, position, what))
  })
}
