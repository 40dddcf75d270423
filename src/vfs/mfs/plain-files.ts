import { limits } from '../../base/limits.ts'
import type { PlainFiles } from '../api.ts'
import type { Context } from './context.ts'
import { getInode } from './inodes.ts'
import { restart, whileChanging } from './read.ts'
import { ensureDraft } from './write.ts'

/** Drafts that are files: see `PlainFiles`. */
export function plainFilesOf(context: Context): PlainFiles {
  const draftOf = (ino: number) => restart(() => getInode(context, ino).draft) ?? undefined
  return {
    folder: context.draftsFolder,
    find: ino => {
      const draft = draftOf(ino)
      return draft === undefined ? undefined : whileChanging(() => context.drafts.fileOf(draft))
    },
    make: ino => {
      const { draft, size } = restart(() => getInode(context, ino))
      if (draft === null && size > limits.smallDraftBytes) {
        ensureDraft(context, ino, Number.POSITIVE_INFINITY)
      }
    }
  }
}
