import type { Clock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'
import { limits } from '../../base/limits.ts'
import { Reserve } from '../../base/reserve.ts'
import type { Allocation } from '../api.ts'
import { DraftFiles, type DraftState, seekInData } from './draft-files.ts'
import type { Lookups } from './lookups.ts'
import { type SmallDraft, SmallDrafts, timeOf } from './small-drafts.ts'

/** What a query says of a draft's row: all null if there is none. */
export interface DraftRow {
  readonly draftBytes: number | null
  readonly writtenSeconds: number | null
  readonly writtenNanoseconds: number | null
}

export interface DraftsOptions {
  /** Of the files. */
  readonly folder: string
  readonly database: Database
  readonly lookups: Lookups
  readonly clock: Clock
  /** As in `DraftFilesOptions`. */
  readonly shared: boolean
}

/**
 * The bytes of files that were written and not sealed yet, by a number that is never used again. A
 * draft begins as a row and becomes a plain file, for good, when it grows: most files are small, and
 * a row costs a fraction of what making and deleting a file does.
 *
 * While there is a row it is the draft, whatever file has the number; a file that this instance
 * holds open has no row any more.
 */
export class Drafts {
  readonly #small: SmallDrafts
  readonly #files: DraftFiles
  readonly #database: Database
  readonly #reserve: Reserve

  constructor({ folder, database, lookups, clock, shared }: DraftsOptions) {
    this.#small = new SmallDrafts(database, clock)
    this.#files = new DraftFiles(folder, { lookups, shared })
    this.#database = database
    this.#reserve = new Reserve(folder)
  }

  create(draft: number): void {
    this.#small.create(draft)
  }

  /** A further draft with the bytes of one, shared where the file system can; its row's times count. */
  copy(from: number, to: number): void {
    if (this.#files.isOpen(from) || !this.#small.copy(from, to)) this.#files.copy(from, to)
  }

  read(draft: number, target: Uint8Array, position: number): number {
    const small = this.#find(draft)
    if (small === undefined) return this.#files.read(draft, target, position)
    const part = small.bytes.subarray(position, position + target.byteLength)
    target.set(part)
    return part.byteLength
  }

  write(draft: number, source: Uint8Array, position: number): void {
    this.#reserve.spend(source.byteLength)
    if (!this.#changed(draft, () => this.#small.write(draft, source, position))) {
      this.#files.write(draft, source, position)
    }
  }

  truncate(draft: number, size: number): void {
    // A file gets a hole.
    if (size <= limits.smallDraftBytes) {
      this.#reserve.spend(Math.max(0, size - this.state(draft).size))
    }
    if (!this.#changed(draft, () => this.#small.truncate(draft, size))) {
      this.#files.truncate(draft, size)
    }
  }

  /** fallocate(2). */
  allocate(draft: number, allocation: Allocation): void {
    if (allocation.kind === 'allocate') this.#reserve.spend(allocation.length)
    if (!this.#changed(draft, () => this.#small.allocate(draft, allocation))) {
      this.#files.allocate(draft, allocation)
    }
  }

  /** As `DraftFiles.seek`; a row is data from end to end. */
  seek(draft: number, position: number, what: 'data' | 'hole'): number | undefined {
    const small = this.#files.isOpen(draft) ? undefined : this.#small.state(draft)
    if (small === undefined) return this.#files.seek(draft, position, what)
    return seekInData(small.size, position, what)
  }

  /** True if the row took the change; after false there is a file to change. */
  #changed(draft: number, change: () => boolean): boolean {
    if (this.#files.isOpen(draft)) return false
    return this.#database.write(() => {
      if (change()) return true
      const small = this.#small.find(draft)
      if (small !== undefined) this.#grow(draft, small)
      return false
    })
  }

  /**
   * Inside a transaction: makes a file of a row. What was synchronised is synchronised again before
   * the row can be gone for good. Undone, the row counts again, and the file must not be held open.
   */
  #grow(draft: number, small: SmallDraft): void {
    this.#files.replace(draft, small.bytes, small.written)
    if (small.synchronized) this.#files.synchronize(draft)
    this.#small.delete([draft])
    this.#database.afterTransaction(committed => {
      if (!committed) this.#files.release(draft)
    })
  }

  /** From now the inode's times count, until the next write. */
  markUnwritten(draft: number): void {
    if (this.#files.isOpen(draft) || !this.#small.markUnwritten(draft)) {
      this.#files.markUnwritten(draft)
    }
  }

  /** Throws `not-found`, or as the system does, if there is no such draft any more. */
  state(draft: number): DraftState {
    const small = this.#files.isOpen(draft) ? undefined : this.#small.state(draft)
    return small ?? this.#files.state(draft)
  }

  /** The state that a draft's row tells; undefined if it has none, or has become a file. */
  stateOfRow(draft: number, row: DraftRow): DraftState | undefined {
    const { draftBytes: size } = row
    if (size === null || this.#files.isOpen(draft)) return undefined
    return { size, written: timeOf(row), blocks: undefined }
  }

  /** The path of a draft that is a file; undefined if it is a row. */
  fileOf(draft: number): string | undefined {
    const isRow = !this.#files.isOpen(draft) && this.#small.state(draft) !== undefined
    return isRow ? undefined : this.#files.path(draft)
  }

  /** The draft's bytes survive a power cut as soon as the database was synchronised too. */
  synchronize(draft: number): void {
    if (this.#files.isOpen(draft) || !this.#small.synchronize(draft)) {
      // Who needs the database would wait for the disk too.
      this.#database.settle()
      this.#files.synchronize(draft)
    }
  }

  /** Inside a transaction, with which it is undone: false if the draft is a file. */
  deleteRow(draft: number): boolean {
    return !this.#files.isOpen(draft) && this.#small.deleteRow(draft)
  }

  /** Deletes drafts; those already gone are no error. */
  delete(drafts: readonly number[]): void {
    const rows = this.#small.delete(drafts)
    this.#files.delete(drafts.filter(draft => !rows.has(draft)))
  }

  /**
   * The numbers of all drafts, at a start, when nobody uses them yet: a file beside its row was being
   * made of it when the process ended, and goes.
   */
  settle(): number[] {
    const rows = new Set(this.#small.list())
    const files = this.#files.list()
    this.#files.delete(files.filter(draft => rows.has(draft)))
    return [...rows, ...files.filter(draft => !rows.has(draft))]
  }

  close(): void {
    this.#files.close()
  }

  #find(draft: number): SmallDraft | undefined {
    return this.#files.isOpen(draft) ? undefined : this.#small.find(draft)
  }
}
