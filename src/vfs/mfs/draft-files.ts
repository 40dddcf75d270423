import {
  type BigIntStats,
  closeSync,
  constants,
  copyFileSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { toCairnError } from '../../base/errors.ts'
import { LibcFiles } from '../../base/libc-files.ts'
import { limits } from '../../base/limits.ts'
import { readAt } from '../../base/read-at.ts'
import type { Allocation } from '../api.ts'
import type { Lookups } from './lookups.ts'

/** Open files an instance keeps: enough for what a thread writes at a time. */
const openDrafts = 64

/**
 * A draft whose file has this mtime was not written since its inode's row got its times: they
 * count. Any write gives the file the time of that write, and then the file's counts. The kernel
 * sets both under the inode's lock, so nothing is written unseen.
 */
const unwrittenSeconds = 1
const unwrittenNanoseconds = 1_000_000_000n

export interface DraftState {
  readonly size: number
  /** Of the last write; undefined if the row's times still count. */
  readonly written: { readonly seconds: number; readonly nanoseconds: number } | undefined
  /** What it takes on the disk, in units of 512 bytes; undefined where that says nothing. */
  readonly blocks: number | undefined
}

export interface DraftFilesOptions {
  readonly lookups: Lookups
  /**
   * True if others may use the files too, as the kernel does: then none is kept open for writing here,
   * so that one which is open for writing is so for them.
   */
  readonly shared: boolean
}

interface OpenDraft {
  readonly file: number
  readonly writable: boolean
}

/** Drafts that are plain files of a folder, named by their numbers. */
export class DraftFiles {
  readonly #folder: string
  readonly #lookups: Lookups
  readonly #libc = new LibcFiles()
  readonly #shared: boolean
  readonly #files = new Map<number, OpenDraft>()
  #epoch: number

  constructor(folder: string, { lookups, shared }: DraftFilesOptions) {
    this.#folder = folder
    this.#shared = shared
    this.#lookups = lookups
    this.#epoch = lookups.draftEpoch
  }

  path(draft: number): string {
    return join(this.#folder, String(draft))
  }

  /** True if this instance holds the file open. */
  isOpen(draft: number): boolean {
    return this.#files.has(draft)
  }

  /** Makes the file, or makes it anew. `written` as in `DraftState`. */
  replace(draft: number, bytes: Uint8Array, written: DraftState['written']): void {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC
    try {
      this.#keep(draft, { file: openSync(this.path(draft), flags, 0o600), writable: true })
      this.write(draft, bytes, 0)
      if (written === undefined) this.markUnwritten(draft)
      else this.#setTime(draft, written.seconds + written.nanoseconds / 1e9)
    } catch (cause) {
      this.release(draft)
      throw toCairnError(cause, 'cannot make a draft')
    }
  }

  /** A further draft with the bytes of one, shared where the file system can; its row's times count. */
  copy(from: number, to: number): void {
    try {
      const flags = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE
      copyFileSync(this.path(from), this.path(to), flags)
      this.markUnwritten(to)
    } catch (cause) {
      throw toCairnError(cause, 'cannot copy a draft')
    }
  }

  read(draft: number, target: Uint8Array, position: number): number {
    return readAt(this.#open(draft).file, target, position)
  }

  write(draft: number, source: Uint8Array, position: number): void {
    this.#change(draft, file => {
      let done = 0
      while (done < source.byteLength) {
        done += writeSync(file, source, done, source.byteLength - done, position + done)
      }
    })
  }

  truncate(draft: number, size: number): void {
    this.#change(draft, file => ftruncateSync(file, size))
  }

  /**
   * fallocate(2). Where the disk's file system has no holes, zeros are written instead, and space that
   * was asked for is not reserved: a later write may meet a full disk, as on ZFS.
   */
  allocate(draft: number, { kind, position, length, keepSize }: Allocation): void {
    this.#change(draft, file => {
      const { size } = fstatSync(file)
      const end = position + length
      if (!this.#libc.allocate(file, kind, position, length) && kind !== 'allocate') {
        writeZeros(file, position, Math.min(end, size))
      }
      if (!keepSize && end > size) ftruncateSync(file, end)
    })
    // tmpfs does not do so by itself, and the time is what tells that a draft was written to.
    if (kind !== 'allocate') this.#setTime(draft, Date.now() / 1000)
  }

  /** Where data, or a hole, begins from `position` on; the file's end counts as a hole. Undefined if there is no data. */
  seek(draft: number, position: number, what: 'data' | 'hole'): number | undefined {
    const { file } = this.#open(draft)
    if (this.#libc.seesHoles) return this.#libc.seek(file, position, what)
    return seekInData(fstatSync(file).size, position, what)
  }

  /** From now the row's times count, until the next write. */
  markUnwritten(draft: number): void {
    this.#setTime(draft, unwrittenSeconds)
  }

  #setTime(draft: number, seconds: number): void {
    futimesSync(this.#open(draft).file, seconds, seconds)
  }

  state(draft: number): DraftState {
    const found = this.#stat(draft)
    const { mtimeNs } = found
    const size = Number(found.size)
    const blocks = Number(found.blocks)
    if (mtimeNs === unwrittenNanoseconds) return { size, written: undefined, blocks }
    const seconds = Number(mtimeNs / 1_000_000_000n)
    const nanoseconds = Number(mtimeNs % 1_000_000_000n)
    return { size, written: { seconds, nanoseconds }, blocks }
  }

  /** One that is not open need not be: of many, each is looked at once. */
  #stat(draft: number): BigIntStats {
    const kept = this.#epoch === this.#lookups.draftEpoch ? this.#files.get(draft) : undefined
    if (kept !== undefined) return fstatSync(kept.file, { bigint: true })
    return statSync(this.path(draft), { bigint: true })
  }

  /** The draft's bytes and its entry in the folder survive a power cut. */
  synchronize(draft: number): void {
    fdatasyncSync(this.#open(draft).file)
    const folder = openSync(this.#folder, 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  }

  /** Deletes files; those already gone are no error. */
  delete(drafts: readonly number[]): void {
    for (const draft of drafts) {
      this.release(draft)
      rmSync(this.path(draft), { force: true })
    }
    this.#lookups.advanceDraftEpoch()
    this.#epoch = this.#lookups.draftEpoch
  }

  list(): number[] {
    return readdirSync(this.#folder)
      .filter(name => /^\d{1,15}$/.test(name))
      .map(Number)
  }

  close(): void {
    for (const draft of [...this.#files.keys()]) this.release(draft)
  }

  /** What writes to the file. */
  #change(draft: number, work: (file: number) => void): void {
    const { file } = this.#open(draft, true)
    try {
      work(file)
    } finally {
      if (this.#shared) this.release(draft)
    }
  }

  /** An open file of a deleted draft would hold its space: after deletions all are closed once. */
  #open(draft: number, writable = !this.#shared): OpenDraft {
    const epoch = this.#lookups.draftEpoch
    if (epoch !== this.#epoch) {
      this.close()
      this.#epoch = epoch
    }
    const kept = this.#files.get(draft)
    if (kept === undefined || (writable && !kept.writable)) {
      this.release(draft)
      const file = openSync(this.path(draft), writable ? 'r+' : 'r')
      return this.#keep(draft, { file, writable })
    }
    this.#files.delete(draft)
    this.#files.set(draft, kept)
    return kept
  }

  #keep(draft: number, file: OpenDraft): OpenDraft {
    this.#files.set(draft, file)
    if (this.#files.size > openDrafts) {
      for (const oldest of this.#files.keys()) {
        this.release(oldest)
        break
      }
    }
    return file
  }

  /** Holds the file open no longer. */
  release(draft: number): void {
    const kept = this.#files.get(draft)
    if (kept === undefined) return
    this.#files.delete(draft)
    closeSync(kept.file)
  }
}

/** `DraftFiles.seek` where all that there is is data. */
export function seekInData(
  size: number,
  position: number,
  what: 'data' | 'hole'
): number | undefined {
  if (position >= size) return undefined
  return what === 'data' ? position : size
}

function writeZeros(file: number, start: number, end: number): void {
  const zeros = new Uint8Array(Math.max(0, Math.min(limits.fuseRequestBytes, end - start)))
  for (let at = start; at < end; ) {
    at += writeSync(file, zeros, 0, Math.min(zeros.byteLength, end - at), at)
  }
}
