import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeSync
} from 'node:fs'
import { carHeader } from '../base/car.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Reserve } from '../base/reserve.ts'
import type { BlockIndex, SegmentRow } from './block-index.ts'
import { type OwnerLock, takeOwnerLock } from './owner-lock.ts'
import { takeBackUncommitted, takeInFlat } from './recover-flat.ts'
import { fileBytes, hasCarHeader, needsRecovery, recoverSegment } from './recover-segment.ts'
import { listSegmentFiles, lockPath, newSegmentId, segmentPath } from './segment-files.ts'

/** A segment that this writer alone appends to, until it releases the lock. */
export interface OwnedSegment {
  readonly id: number
  readonly file: number
  readonly lock: OwnerLock
  /** The end of what is written; the next record goes here. */
  readonly bytes: number
  readonly synced: number
}

export interface Place {
  readonly index: BlockIndex
  readonly folder: string
  readonly boot: string
  /** Above it a segment is finished. */
  readonly segmentBytes: number
  readonly nowMs: () => number
  readonly reserve?: Reserve | undefined
}

/**
 * A segment to append to: one whose writer closed or died before it was full, so that short runs do
 * not leave a file each, else a new one. Inside a `read`, whose rows may be of the past, always a new one.
 */
export function claimSegment(place: Place): OwnedSegment {
  if (place.index.database.transaction !== 'read') {
    for (const { id, state } of place.index.segments()) {
      const claimed = state === 'active' ? claimExisting(place, id) : undefined
      if (claimed !== undefined) return claimed
    }
  }
  return createSegment(place)
}

function claimExisting(place: Place, id: number): OwnedSegment | undefined {
  const path = segmentPath(place.folder, id)
  if (!existsSync(path)) return undefined
  return underLock(place, id, (row, lock) => {
    if (needsRecovery(row, statSync(path).size, place.boot)) return undefined
    if (row.bytes >= place.segmentBytes) return undefined
    return { id, file: openSync(path, 'r+'), lock, bytes: row.bytes, synced: row.synced }
  })
}

/** Finishes an active segment that nobody appends to, so that it can be compacted. False if somebody does, or it is finished or damaged. */
export function finishAbandoned(place: Place, id: number): boolean {
  const path = segmentPath(place.folder, id)
  if (!existsSync(path)) return false
  const lock = underLock(place, id, (row, held) => {
    if (needsRecovery(row, statSync(path).size, place.boot)) return undefined
    syncFile(path)
    place.index.database.write(() =>
      place.index.setSegment({ ...row, state: 'finished', synced: row.bytes })
    )
    return held
  })
  lock?.release({ remove: true })
  return lock !== undefined
}

/**
 * Runs `work` on the row of an active segment, holding its lock, unless its writer lives. The row is
 * read after the lock was taken, since the writer may have finished the segment in between. Keeps the
 * lock if `work` returns something.
 */
function underLock<T>(
  place: Place,
  id: number,
  work: (row: SegmentRow, lock: OwnerLock) => T | undefined
): T | undefined {
  const lock = takeOwnerLock(lockPath(place.folder, id))
  if (lock === undefined) return undefined
  let result: T | undefined
  try {
    const row = place.index.segment(id)
    if (row?.state === 'active') result = work(row, lock)
    return result
  } finally {
    if (result === undefined) lock.release()
  }
}

function createSegment(place: Place): OwnedSegment {
  for (;;) {
    const id = newSegmentId(place.nowMs())
    const lock = takeOwnerLock(lockPath(place.folder, id))
    const file = lock && createFile(place.folder, id, lock)
    if (lock === undefined || file === undefined) continue
    return { id, file, lock, bytes: carHeader.length, synced: carHeader.length }
  }
}

/**
 * The file, with its header and its name, is on disk before any row can name it. If that fails nothing
 * stays, the lock included; undefined if another writer has the id.
 */
function createFile(folder: string, id: number, lock: OwnerLock): number | undefined {
  const path = segmentPath(folder, id)
  let file: number | undefined
  try {
    file = openSync(path, 'wx+')
    writeSync(file, carHeader)
    fdatasyncSync(file)
    syncFolder(folder)
    return file
  } catch (cause) {
    const error = toCairnError(cause, `cannot make a segment in ${folder}`)
    if (file !== undefined) {
      closeSync(file)
      rmSync(path)
    }
    lock.release({ remove: error.code !== 'exists' })
    if (error.code === 'exists') return undefined
    throw error
  }
}

export function syncFolder(folder: string): void {
  const file = openSync(folder, 'r')
  fsyncSync(file)
  closeSync(file)
}

function syncFile(path: string): void {
  const file = openSync(path, 'r')
  fdatasyncSync(file)
  closeSync(file)
}

/**
 * Brings every segment that a dead writer left and its rows together. Throws `corrupt` if there are
 * more files without a row than crashes explain: then the index is to be rebuilt from them.
 */
export function recoverSegments(place: Place): void {
  const rows = new Map(place.index.segments().map(row => [row.id, row]))
  const { cars, flats } = listSegmentFiles(place.folder)
  const orphans = cars.filter(id => !rows.has(id) && isBegun(place, id))
  const flatOrphans = takeBackUncommitted(
    place,
    flats.filter(id => !rows.has(id))
  )
  const count = orphans.length + flatOrphans.length
  if (count > limits.adoptedSegments) {
    throw new CairnError(
      'corrupt',
      `${count} segments in ${place.folder} are not in the index: run cairn fsck --rebuild-index`
    )
  }
  for (const id of orphans) adoptOrphan(place, id)
  for (const id of flatOrphans) takeInFlat(place, id)
  for (const row of rows.values()) {
    if (row.state === 'active') recoverIfNeeded(place, row)
  }
}

function recoverIfNeeded(place: Place, seen: SegmentRow): void {
  const path = segmentPath(place.folder, seen.id)
  const size = () => statSync(path, { throwIfNoEntry: false })?.size
  const bytes = size()
  if (bytes === undefined || !needsRecovery(seen, bytes, place.boot)) return
  underLock(place, seen.id, row => {
    if (needsRecovery(row, size() ?? row.bytes, place.boot)) {
      recoverSegment(place.index, place.folder, row, place.boot)
    }
    return undefined
  })
}

/**
 * True for a file with our header. Crashes may leave any number of files cut within it: those hold
 * nothing, and go. Others without it are somebody else's, and stay.
 */
function isBegun(place: Place, id: number): boolean {
  const path = segmentPath(place.folder, id)
  const start = startOf(path)
  if (start.length === carHeader.length || !start.equals(carHeader.subarray(0, start.length))) {
    return start.equals(carHeader)
  }
  const lock = takeOwnerLock(lockPath(place.folder, id))
  if (lock === undefined) return false
  const isLeft = startOf(path).length < carHeader.length
  if (isLeft) rmSync(path, { force: true })
  lock.release({ remove: isLeft })
  return !isLeft
}

/** As many bytes as our header has, or all of a shorter file; none of one that is gone. */
function startOf(path: string): Buffer {
  const start = Buffer.alloc(carHeader.length)
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    return start.subarray(0, readSync(file, start, 0, start.length, 0))
  } catch (cause) {
    const error = toCairnError(cause, `cannot read the segment ${path}`)
    if (error.code === 'not-found') return start.subarray(0, 0)
    throw error
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** A file whose writer died before its first index row. */
function adoptOrphan(place: Place, id: number): void {
  const lock = takeOwnerLock(lockPath(place.folder, id))
  if (lock === undefined) return
  const file = openSync(segmentPath(place.folder, id), 'r')
  try {
    if (place.index.segment(id) !== undefined || !hasCarHeader(file)) return
    const bytes = carHeader.length
    const row: SegmentRow = { id, state: 'active', bytes, synced: bytes, boot: '' }
    if (fileBytes(file) > bytes) recoverSegment(place.index, place.folder, row, place.boot)
    else place.index.database.write(() => place.index.setSegment(row))
  } finally {
    closeSync(file)
    lock.release()
  }
}
