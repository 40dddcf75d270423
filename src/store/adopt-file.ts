import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  linkSync,
  openSync,
  rmSync
} from 'node:fs'
import { relative } from 'node:path'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { Adoptable, Adoption } from './api.ts'
import { type Place, syncFolder } from './claim-segment.ts'
import { bytesOfLeaves, encodeDescription, leavesIn, writeDescription } from './flat-description.ts'
import { type OwnerLock, takeOwnerLock } from './owner-lock.ts'
import { descriptionPath, lockPath, newFlatSegmentId, segmentPath } from './segment-files.ts'

/**
 * A flat segment is a plain file that was there already, under a second name: nothing of it is copied.
 *
 * In this order, so that a crash or a power cut leaves either the file as it was or a segment that is whole:
 * its bytes are synced; its description is, with its name; it gets its name in the folder, which is synced;
 * only then rows name it, and only after their commit is on disk may the caller remove the first name.
 * The lock is held all the while. What is found without rows and without a holder is taken back if its
 * first name is still there, and taken in if not (recover-flat.ts).
 */
export function adoptFile(place: Place, file: Adoptable): Adoption {
  const { folder } = place
  const source = relative(folder, file.path)
  const description = encodeDescription({ source, leaves: file.leaves })
  place.reserve?.spend(description.length)
  const { id, lock } = claimId(place)
  try {
    syncBytes(file)
    writeDescription(folder, id, description)
    syncFolder(folder)
    giveSecondName(file.path, segmentPath(folder, id))
    syncFolder(folder)
  } catch (cause) {
    takeBack(folder, id, lock)
    throw toCairnError(cause, `cannot make a segment of ${file.path}`)
  }
  return new FlatAdoption(place, id, lock, file)
}

function claimId(place: Place): { id: number; lock: OwnerLock } {
  for (;;) {
    const id = newFlatSegmentId(place.nowMs())
    const lock = takeOwnerLock(lockPath(place.folder, id))
    if (lock === undefined) continue
    if (isFree(place, id)) return { id, lock }
    lock.release()
  }
}

function isFree({ index, folder }: Place, id: number): boolean {
  const paths = [segmentPath(folder, id), descriptionPath(folder, id)]
  return index.segment(id) === undefined && !paths.some(path => existsSync(path))
}

/** Fails for good where the file system has no hard links, or for these two folders none. */
function giveSecondName(path: string, name: string): void {
  try {
    linkSync(path, name)
  } catch (cause) {
    const error = toCairnError(cause, `cannot link ${path}`)
    if (error.code === 'no-space' || error.code === 'not-found') throw error
    throw new CairnError('unsupported', error.message, { cause })
  }
}

function syncBytes({ path, leaves }: Adoptable): void {
  const file = openSync(path, 'r')
  try {
    if (fstatSync(file).size !== bytesOfLeaves(leaves)) {
      throw new CairnError('conflict', `${path} changed since it was read`)
    }
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** The file keeps its first name: nothing is lost by it. */
function takeBack(folder: string, id: number, lock: OwnerLock): void {
  removeFlat(folder, id)
  lock.release({ remove: true })
}

/** Removes the names of a flat segment; the description goes last, for it tells what the other is. */
export function removeFlat(folder: string, id: number): void {
  rmSync(segmentPath(folder, id), { force: true })
  rmSync(descriptionPath(folder, id), { force: true })
}

class FlatAdoption implements Adoption {
  readonly #place: Place
  readonly #id: number
  readonly #file: Adoptable
  #lock: OwnerLock | undefined

  constructor(place: Place, id: number, lock: OwnerLock, file: Adoptable) {
    this.#place = place
    this.#id = id
    this.#lock = lock
    this.#file = file
  }

  index(): void {
    const { index, boot } = this.#place
    const bytes = bytesOfLeaves(this.#file.leaves)
    for (const leaf of leavesIn(this.#file.leaves)) index.place({ ...leaf, segment: this.#id })
    index.setSegment({ id: this.#id, state: 'finished', bytes, synced: bytes, boot })
    index.database.afterTransaction(committed => {
      if (!committed) return
      const lock = this.#lock
      this.#lock = undefined
      lock?.release({ remove: true })
    })
  }

  abandon(): void {
    const lock = this.#lock
    this.#lock = undefined
    if (lock !== undefined) takeBack(this.#place.folder, this.#id, lock)
  }
}
