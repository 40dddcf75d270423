import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs'
import { carHeader } from '../base/car.ts'
import { toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { BlockIndex, BlockTable, LocatedBlock, SegmentRow } from './block-index.ts'
import { type Damage, scanSegment } from './scan-segment.ts'
import { segmentName, segmentPath } from './segment-files.ts'

/**
 * True if an active segment's file and row do not agree for certain: its writer died between
 * writing and indexing, or the machine did before the bytes were on disk.
 */
export function needsRecovery(row: SegmentRow, fileBytes: number, boot: string): boolean {
  return fileBytes !== row.bytes || (row.synced < row.bytes && !sameRun(row, boot))
}

function sameRun(row: SegmentRow, boot: string): boolean {
  return boot !== '' && row.boot === boot
}

/**
 * Brings an active segment and its row together; the caller holds the segment's lock. Sound records
 * that no row names are indexed; a torn tail is cut off; rows that name bytes which a power cut took are
 * dropped. A segment with damage between sound records is finished as it is, never cut. Returns the damage.
 */
export function recoverSegment(
  index: BlockIndex,
  folder: string,
  row: SegmentRow,
  boot: string
): Damage[] {
  const path = segmentPath(folder, row.id)
  const file = openSync(path, 'r+')
  try {
    const from = Math.max(carHeader.length, soundBytes(row, fileBytes(file), boot))
    const { end, damage } = indexRecords(index, file, row.id, from)
    const tail = damage.filter(({ start }) => start >= end)
    const inner = damage.filter(({ start }) => start < end)
    if (tail.length > 0) ftruncateSync(file, end)
    fdatasyncSync(file)
    index.database.write(() => {
      for (const { start, end } of damage) {
        if (start < row.bytes) index.removeWithin(row.id, start, end)
      }
      if (end < row.bytes) index.removeWithin(row.id, end, row.bytes)
      const state = inner.length > 0 ? 'finished' : row.state
      index.setSegment({ id: row.id, state, bytes: end, synced: end, boot })
    })
    return inner
  } catch (cause) {
    throw toCairnError(cause, `cannot recover the segment ${segmentName(row.id)}`)
  } finally {
    closeSync(file)
  }
}

/** How much of a segment need not be read again. A file that is shorter than it was on disk is read whole. */
function soundBytes(row: SegmentRow, size: number, boot: string): number {
  const believed = sameRun(row, boot) ? row.bytes : row.synced
  return believed <= size ? believed : 0
}

/** Indexes every sound record from `from` on, in transactions of bounded size; `end` is that of the last one. */
export function indexRecords(
  index: BlockIndex,
  file: number,
  segment: number,
  from: number,
  table: BlockTable = 'blocks'
): { end: number; indexed: number; damage: Damage[] } {
  let batch: LocatedBlock[] = []
  let end = from
  let indexed = 0
  const damage: Damage[] = []
  const commit = () => {
    index.database.write(() => {
      for (const block of batch) if (index.insert(block, table)) indexed++
    })
    batch = []
  }
  for (const finding of scanSegment(file, from)) {
    if (finding.kind === 'damage') {
      damage.push(finding)
      continue
    }
    end = finding.end
    batch.push({
      multihash: finding.multihash,
      segment,
      offset: finding.offset,
      length: finding.length
    })
    if (batch.length >= limits.writeBatchBlocks) commit()
  }
  commit()
  return { end, indexed, damage }
}

/** True if the file begins as every segment does. */
export function hasCarHeader(file: number): boolean {
  const start = Buffer.alloc(carHeader.length)
  readSync(file, start, 0, start.length, 0)
  return start.equals(carHeader)
}

export function fileBytes(file: number): number {
  return fstatSync(file).size
}
