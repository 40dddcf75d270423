import { existsSync, linkSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Multihash } from '../base/blocks.ts'
import { toCairnError } from '../base/errors.ts'
import type { SegmentSharing } from './api.ts'
import type { Place } from './claim-segment.ts'
import { isFlat, segmentName, segmentPath } from './segment-files.ts'

/**
 * Flat segments for others to read as files, each under a name more. A segment with another name is not
 * cut short when it is collected (compact-segments.ts): who has it open, or mapped, keeps its bytes.
 */
export function shareFlat(place: Pick<Place, 'index' | 'folder'>): SegmentSharing {
  const folder = join(place.folder, 'in-place')
  return {
    folder,
    share: blocks => {
      const name = (segment: number) => nameAgain(place.folder, folder, segment)
      // On one snapshot: a collection that moves the blocks waits for it to end before it cuts the file.
      return place.index.database.read(() => {
        const segment = segmentOf(place, blocks)
        return segment === undefined ? undefined : name(segment)
      })
    }
  }
}

/** The segment that is these blocks, in order, and nothing else. */
function segmentOf(
  { index, folder }: Pick<Place, 'index' | 'folder'>,
  blocks: Iterable<{ readonly multihash: Multihash; readonly length: number }>
): number | undefined {
  let segment: number | undefined
  let end = 0
  for (const { multihash, length } of blocks) {
    const found = index.locate(multihash)
    if (found === undefined || found.offset !== end || found.length !== length) return undefined
    if (!isFlat(found.segment) || found.segment !== (segment ?? found.segment)) return undefined
    segment = found.segment
    end += length
  }
  if (segment === undefined) return undefined
  const file = statSync(segmentPath(folder, segment), { throwIfNoEntry: false })
  return file?.size === end ? segment : undefined
}

/** Undefined where there can be no such name. */
function nameAgain(segments: string, folder: string, segment: number): string | undefined {
  const path = join(folder, segmentName(segment))
  if (existsSync(path)) return path
  try {
    mkdirSync(folder, { recursive: true })
    linkSync(segmentPath(segments, segment), path)
    return path
  } catch (cause) {
    return toCairnError(cause, `cannot link ${path}`).code === 'exists' ? path : undefined
  }
}
