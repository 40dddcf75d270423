import { CairnError } from '../../base/errors.ts'
import type { SegmentSharing } from '../../store/api.ts'
import type { SharedFiles } from '../api.ts'
import type { ContentNodes } from './content-nodes.ts'

/** The files of a frozen tree that are plain files in the store: those whose leaves are a flat segment. */
export function sharedFilesOf(content: ContentNodes, sharing: SegmentSharing): SharedFiles {
  return {
    folder: sharing.folder,
    find: ino => {
      try {
        return sharing.share(content.largeLeaves(ino))
      } catch (error) {
        // Of what lacks a node, or is damaged, the reads tell.
        if (error instanceof CairnError) return undefined
        throw error
      }
    }
  }
}
