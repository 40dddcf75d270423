import { randomInt } from 'node:crypto'
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { limits } from '../base/limits.ts'

/**
 * A segment's id: the millisecond of its birth times 1024, plus a random number. It sorts by time,
 * names the file, and stays the same when the index is rebuilt from the files.
 */
export function newSegmentId(nowMs: number): number {
  return nowMs * 1024 + randomInt(1024)
}

export function segmentName(id: number): string {
  return `${id.toString(16).padStart(14, '0')}.car`
}

export function segmentPath(folder: string, id: number): string {
  return join(folder, segmentName(id))
}

/** Held by the one writer that may append to the segment. */
export function lockPath(folder: string, id: number): string {
  return join(folder, `${segmentName(id)}.lock`)
}

/** Ids of the segment files in a folder, oldest first. */
export function listSegmentFiles(folder: string): number[] {
  return readdirSync(folder)
    .filter(name => /^[0-9a-f]{14}\.car$/.test(name))
    .sort()
    .map(name => Number.parseInt(name, 16))
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
    const file = this.#file(id)
    let filled = 0
    while (filled < target.length) {
      const got = readSync(file, target, filled, target.length - filled, position + filled)
      if (got === 0) break
      filled += got
    }
    return filled
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
