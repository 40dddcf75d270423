import { closeSync, existsSync, fdatasyncSync, openSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { readAt } from '../base/read-at.ts'
import { removeFlat } from './adopt-file.ts'
import type { BlockIndex, BlockTable, LocatedBlock, SegmentRow } from './block-index.ts'
import type { Place } from './claim-segment.ts'
import { type FlatLeaf, leavesIn, readDescription } from './flat-description.ts'
import { hasMultihash } from './multihashes.ts'
import { takeOwnerLock } from './owner-lock.ts'
import type { Damage } from './scan-segment.ts'
import { lockPath, segmentName, segmentPath } from './segment-files.ts'

/**
 * Flat segments without a row whose adoption was not committed go: their files are what they were,
 * under their first name. Returns those that stay: an index was lost, or a power cut took the first name.
 */
export function takeBackUncommitted(place: Place, ids: readonly number[]): number[] {
  return ids.filter(id => {
    const kept = withLock(place, id, () => {
      if (place.index.segment(id) !== undefined) return { remove: true, stays: false }
      const stays = !isUncommitted(place.folder, id)
      if (!stays) removeFlat(place.folder, id)
      return { remove: !stays, stays }
    })
    return kept?.stays === true
  })
}

/** Takes in a flat segment without a row; what in it does not have its hash is left out. */
export function takeInFlat(place: Place, id: number): void {
  withLock(place, id, () => {
    if (place.index.segment(id) === undefined) {
      const { row } = indexFlat(place.index, place.folder, id)
      if (row !== undefined) place.index.database.write(() => place.index.setSegment(row))
    }
    return { remove: true }
  })
}

/** Undefined if somebody who lives has the lock: an adoption under way. */
function withLock<T extends { readonly remove: boolean }>(
  { folder }: Place,
  id: number,
  work: () => T
): T | undefined {
  const lock = takeOwnerLock(lockPath(folder, id))
  if (lock === undefined) return undefined
  let result: T | undefined
  try {
    result = work()
    return result
  } finally {
    lock.release({ remove: result?.remove === true })
  }
}

/** True of a segment without a row if its file still has its first name, or is none yet. */
export function isUncommitted(folder: string, id: number): boolean {
  const flat = statSync(segmentPath(folder, id), { throwIfNoEntry: false })
  if (flat === undefined) return true
  const description = readDescription(folder, id)
  if (typeof description === 'string') return false
  const source = statSync(resolve(folder, description.source), { throwIfNoEntry: false })
  return source?.ino === flat.ino && source.dev === flat.dev
}

/**
 * Indexes the blocks of a flat segment whose bytes have their hash, and makes sure they survive a power
 * cut. The row is for the caller to put in force; undefined if nothing tells what is in it.
 */
export function indexFlat(
  index: BlockIndex,
  folder: string,
  id: number,
  table: BlockTable = 'blocks'
): { indexed: number; damaged: Damage[]; row?: SegmentRow } {
  const description = readDescription(folder, id)
  if (typeof description === 'string' || !existsSync(segmentPath(folder, id))) {
    const why = typeof description === 'string' ? description : 'only its description is there'
    return { indexed: 0, damaged: [damageOf({ offset: 0, length: 0 }, why)] }
  }
  const file = openSync(segmentPath(folder, id), 'r')
  try {
    const { sound, damaged } = readLeaves(file, leavesIn(description.leaves))
    fdatasyncSync(file)
    const bytes = Math.max(0, ...sound.map(({ offset, length }) => offset + length))
    const row = { id, state: 'finished', bytes, synced: bytes, boot: '' } as const
    return { indexed: insert(index, id, sound, table), damaged, row }
  } catch (cause) {
    throw toCairnError(cause, `cannot read the segment ${segmentName(id)}`)
  } finally {
    closeSync(file)
  }
}

function readLeaves(file: number, leaves: Iterable<FlatLeaf>) {
  const sound: FlatLeaf[] = []
  const damaged: Damage[] = []
  const buffer = Buffer.allocUnsafeSlow(limits.blockBytes)
  for (const leaf of leaves) {
    const bytes = buffer.subarray(0, leaf.length)
    const isWhole = readAt(file, bytes, leaf.offset) === leaf.length
    if (isWhole && hasMultihash(bytes, leaf.multihash)) sound.push(leaf)
    else damaged.push(damageOf(leaf, 'the bytes do not have their hash'))
  }
  return { sound, damaged }
}

function damageOf(
  { multihash, offset, length }: Pick<FlatLeaf, 'offset' | 'length'> & Partial<FlatLeaf>,
  why: string
): Damage {
  return { kind: 'damage', start: offset, end: offset + length, why, multihash }
}

function insert(
  index: BlockIndex,
  segment: number,
  leaves: readonly FlatLeaf[],
  table: BlockTable
): number {
  let indexed = 0
  for (let at = 0; at < leaves.length; at += limits.writeBatchBlocks) {
    index.database.write(() => {
      for (const leaf of leaves.slice(at, at + limits.writeBatchBlocks)) {
        const block: LocatedBlock = { ...leaf, segment }
        if (index.insert(block, table)) indexed++
      }
    })
  }
  return indexed
}
