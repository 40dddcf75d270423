import { closeSync, existsSync, fdatasyncSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { carHeader } from '../base/car.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { CheckReport } from './api.ts'
import type { BlockIndex, SegmentRow } from './block-index.ts'
import { rawCidText } from './multihashes.ts'
import { takeOwnerLock } from './owner-lock.ts'
import { indexFlat, isUncommitted } from './recover-flat.ts'
import { fileBytes, hasCarHeader, indexRecords } from './recover-segment.ts'
import type { Damage } from './scan-segment.ts'
import { isFlat, listSegmentFiles, lockPath, segmentName, segmentPath } from './segment-files.ts'

type Damaged = CheckReport['damaged'][number]

/**
 * Makes the index anew from the segments alone. It grows beside the old one, which serves readers until
 * the new one takes its place in one transaction; an interrupted rebuild changes nothing. Throws `busy` while another runs. Rows of segments
 * that living writers append to are taken over as they are.
 */
export function rebuildIndex(
  index: BlockIndex,
  folder: string
): { damaged: Damaged[]; indexed: number } {
  const damaged: Damaged[] = []
  const rebuilt: SegmentRow[] = []
  let indexed = 0
  const release = [holdRebuild(folder)]
  try {
    index.startRebuild()
    const { cars, flats } = listSegmentFiles(folder)
    for (const id of [...cars, ...flats]) {
      const finished = index.segment(id)?.state === 'finished'
      const lock = finished ? undefined : takeOwnerLock(lockPath(folder, id))
      if (lock !== undefined) release.push(() => lock.release())
      if (!finished && lock === undefined) continue
      const found = isFlat(id) ? rebuildFlat(index, folder, id) : rebuildSegment(index, folder, id)
      indexed += found.indexed
      for (const damage of found.damaged) damaged.push(describe(id, damage))
      if (found.row !== undefined) rebuilt.push(found.row)
    }
    index.finishRebuild(rebuilt, id => existsSync(segmentPath(folder, id)))
  } finally {
    for (const end of release) end()
  }
  return { damaged, indexed }
}

/** One whose adoption ended halfway is none; the next start takes it back. */
function rebuildFlat(index: BlockIndex, folder: string, id: number): Rebuilt {
  if (index.segment(id) === undefined && isUncommitted(folder, id)) {
    return { damaged: [], indexed: 0 }
  }
  return indexFlat(index, folder, id, 'blocks_rebuilt')
}

interface Rebuilt {
  readonly damaged: Damage[]
  readonly indexed: number
  readonly row?: SegmentRow
}

/** Two rebuilds at once would fill one table, and the first to end would put a half of it in force. */
function holdRebuild(folder: string): () => void {
  const lock = takeOwnerLock(join(folder, 'rebuild.lock'))
  if (lock !== undefined) return () => lock.release()
  throw new CairnError(
    'busy',
    `the index of ${folder} is being rebuilt by somebody else: wait for it`
  )
}

function rebuildSegment(index: BlockIndex, folder: string, id: number): Rebuilt {
  const file = openSync(segmentPath(folder, id), 'r')
  try {
    if (!hasCarHeader(file)) {
      const why = 'the file does not begin as a segment does, so nothing of it was taken'
      const damage: Damage = { kind: 'damage', start: 0, end: 0, why, multihash: undefined }
      return { damaged: [damage], indexed: 0 }
    }
    const { end, indexed, damage } = indexRecords(
      index,
      file,
      id,
      carHeader.length,
      'blocks_rebuilt'
    )
    // The new row will say that all this survives a power cut.
    fdatasyncSync(file)
    return { damaged: damage, indexed, row: rowOf(id, end, fileBytes(file), damage) }
  } catch (cause) {
    throw toCairnError(cause, `cannot rebuild from the segment ${segmentName(id)}`)
  } finally {
    closeSync(file)
  }
}

/** Behind a torn tail a writer may go on, once it is cut; behind damage between sound records nobody does. */
function rowOf(id: number, end: number, size: number, damage: Damage[]): SegmentRow {
  const grows = size < limits.segmentBytes && damage.every(({ start }) => start >= end)
  return grows
    ? { id, state: 'active', bytes: end, synced: end, boot: '' }
    : { id, state: 'finished', bytes: size, synced: size, boot: '' }
}

function describe(id: number, { start, why, multihash }: Damage): Damaged {
  const cid = multihash === undefined ? '' : rawCidText(multihash)
  return { cid, segment: segmentName(id), offset: start, why }
}
