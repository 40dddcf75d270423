import { randomInt } from 'node:crypto'
import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { limits } from '../base/limits.ts'
import { readAt } from '../base/read-at.ts'

/**
 * A segment's id: the millisecond of its birth times 1024, plus a random number. It sorts by time,
 * names the file, and stays the same when the index is rebuilt from the files.
 */
export function newSegmentId(nowMs: number): number {
  return nowMs * 1024 + randomInt(1024)
}

/** Ids of flat segments (adopt-file.ts) lie above all others, so that an id alone tells its file. */
const firstFlatId = 2 ** 52

export function newFlatSegmentId(nowMs: number): number {
  return firstFlatId + newSegmentId(nowMs)
}

export function isFlat(id: number): boolean {
  return id >= firstFlatId
}

export function segmentName(id: number): string {
  return `${hexOf(id)}.${isFlat(id) ? 'flat' : 'car'}`
}

function hexOf(id: number): string {
  return id.toString(16).padStart(14, '0')
}

export function segmentPath(folder: string, id: number): string {
  return join(folder, segmentName(id))
}

/** Held by the one writer that may append to the segment. */
export function lockPath(folder: string, id: number): string {
  return join(folder, `${segmentName(id)}.lock`)
}

/** What lies in a flat segment: flat-description.ts. */
export function descriptionPath(folder: string, id: number): string {
  return join(folder, `${hexOf(id)}.leaves`)
}

export interface SegmentFileIds {
  readonly cars: number[]
  /** Those of which only the description is there too. */
  readonly flats: number[]
}

/** Ids of the segment files in a folder, each kind oldest first. */
export function listSegmentFiles(folder: string): SegmentFileIds {
  const names = readdirSync(folder)
  return { cars: idsIn(names, /^[0-9a-f]{14}\.car$/), flats: idsIn(names, flatFiles) }
}

const flatFiles = /^1[0-9a-f]{13}\.(flat|leaves)$/

function idsIn(names: readonly string[], files: RegExp): number[] {
  const found = names.filter(name => files.test(name)).map(name => Number.parseInt(name, 16))
  return [...new Set(found)].sort((one, other) => one - other)
}

/** Segments opened for reading: at most `limits.openSegments`, the least recently used is closed first. */
export class SegmentFiles {
  readonly folder: string
  readonly #files = new Map<number, number>()

  constructor(folder: string) {
    this.folder = folder
  }

  /** Reads from a segment's file into `target` until either ends; returns the bytes read. */
  read(id: number, position: number, target: Uint8Array): number {
    return readAt(this.#file(id), target, position)
  }

  /** Length of a segment's file in bytes. */
  bytes(id: number): number {
    return fstatSync(this.#file(id)).size
  }

  #file(id: number): number {
    const known = this.#files.get(id)
    if (known !== undefined) {
      this.#files.delete(id)
      this.#files.set(id, known)
      return known
    }
    const file = openSync(segmentPath(this.folder, id), 'r')
    this.#files.set(id, file)
    if (this.#files.size > limits.openSegments) this.#closeOldest()
    return file
  }

  #closeOldest(): void {
    const [oldest] = this.#files.keys()
    if (oldest !== undefined) this.#close(oldest)
  }

  #close(id: number): void {
    const file = this.#files.get(id)
    this.#files.delete(id)
    if (file !== undefined) closeSync(file)
  }

  close(): void {
    for (const id of [...this.#files.keys()]) this.#close(id)
  }
}
