import type { Clock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'
import { limits } from '../../base/limits.ts'
import type { Allocation } from '../api.ts'
import type { DraftState } from './draft-files.ts'
import { type Time, timeNow } from './inode.ts'

export interface SmallDraft {
  readonly bytes: Uint8Array
  /** Of the last write; undefined if the inode's times count. */
  readonly written: Time | undefined
  /** It was asked to survive a power cut, at some time. */
  readonly synchronized: boolean
}

interface Row {
  readonly bytes: Uint8Array
  readonly writtenSeconds: number | null
  readonly writtenNanoseconds: number | null
  readonly synchronized: number
}

/** Drafts of up to `limits.smallDraftBytes`, as rows. */
export class SmallDrafts {
  readonly #database: Database
  readonly #clock: Clock

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  create(draft: number): void {
    const { seconds, nanoseconds } = timeNow(this.#clock)
    this.#alone(() =>
      this.#database
        .statement("INSERT INTO mfs_small_drafts VALUES (?, x'', ?, ?, 0)")
        .run(draft, seconds, nanoseconds)
    )
  }

  /** One statement, which is undone as a whole anyway: inside a transaction it needs no part of it. */
  #alone<T>(statement: () => T): T {
    const { transaction } = this.#database
    return transaction === 'write' ? statement() : this.#database.write(statement)
  }

  /** False if there is no such row. */
  copy(from: number, to: number): boolean {
    return this.#alone(() => {
      const { changes } = this.#database
        .statement(
          `INSERT INTO mfs_small_drafts
           SELECT ?, bytes, NULL, NULL, 0 FROM mfs_small_drafts WHERE draft = ?`
        )
        .run(to, from)
      return changes === 1
    })
  }

  find(draft: number): SmallDraft | undefined {
    const row = this.#database
      .statement(
        `SELECT bytes, writtenSeconds, writtenNanoseconds, synchronized FROM mfs_small_drafts
         WHERE draft = ?`
      )
      .get(draft) as Row | undefined
    if (row === undefined) return undefined
    return { bytes: row.bytes, written: timeOf(row), synchronized: row.synchronized === 1 }
  }

  state(draft: number): DraftState | undefined {
    const row = this.#database
      .statement(
        `SELECT length(bytes) AS size, writtenSeconds, writtenNanoseconds FROM mfs_small_drafts
         WHERE draft = ?`
      )
      .get(draft) as
      | ({ size: number } & Pick<Row, 'writtenSeconds' | 'writtenNanoseconds'>)
      | undefined
    if (row === undefined) return undefined
    return { size: row.size, written: timeOf(row), blocks: undefined }
  }

  /** Inside a transaction: false if it would grow too large, or there is no such row. */
  write(draft: number, source: Uint8Array, position: number): boolean {
    const end = position + source.byteLength
    if (end > limits.smallDraftBytes) return false
    if (position === 0 && this.#replace(draft, source)) return true
    const bytes = this.find(draft)?.bytes
    if (bytes === undefined) return false
    const whole = new Uint8Array(Math.max(bytes.byteLength, end))
    whole.set(bytes)
    whole.set(source, position)
    this.#set(draft, whole)
    return true
  }

  /** The usual write: of all there is. Bytes in a buffer that is used again are copied by SQLite. */
  #replace(draft: number, bytes: Uint8Array): boolean {
    const { seconds, nanoseconds } = timeNow(this.#clock)
    const { changes } = this.#database
      .statement(
        `UPDATE mfs_small_drafts SET bytes = ?1, writtenSeconds = ?2, writtenNanoseconds = ?3
         WHERE draft = ?4 AND length(bytes) <= length(?1)`
      )
      .run(bytes, seconds, nanoseconds, draft)
    return changes === 1
  }

  #set(draft: number, bytes: Uint8Array): void {
    const { seconds, nanoseconds } = timeNow(this.#clock)
    this.#database
      .statement(
        `UPDATE mfs_small_drafts SET bytes = ?, writtenSeconds = ?, writtenNanoseconds = ?
         WHERE draft = ?`
      )
      .run(bytes, seconds, nanoseconds, draft)
  }

  /** Inside a transaction: false if it would be too large, or there is no such row. */
  truncate(draft: number, size: number): boolean {
    if (size > limits.smallDraftBytes) return false
    const bytes = this.find(draft)?.bytes
    if (bytes === undefined) return false
    const whole = new Uint8Array(size)
    whole.set(bytes.subarray(0, size))
    this.#set(draft, whole)
    return true
  }

  /** Inside a transaction, fallocate(2): false if it would be too large, or there is no such row. */
  allocate(draft: number, { kind, position, length, keepSize }: Allocation): boolean {
    const bytes = this.find(draft)?.bytes
    if (bytes === undefined) return false
    const end = position + length
    const size = keepSize ? bytes.byteLength : Math.max(bytes.byteLength, end)
    if (size > limits.smallDraftBytes) return false
    const whole = new Uint8Array(size)
    whole.set(bytes)
    if (kind !== 'allocate') whole.fill(0, position, end)
    this.#set(draft, whole)
    return true
  }

  /** False if there is no such row. */
  markUnwritten(draft: number): boolean {
    return this.#update(
      'UPDATE mfs_small_drafts SET writtenSeconds = NULL, writtenNanoseconds = NULL WHERE draft = ?',
      draft
    )
  }

  /** Remembers that a file made of the row must be synchronised; false if there is no such row. */
  synchronize(draft: number): boolean {
    return this.#update('UPDATE mfs_small_drafts SET synchronized = 1 WHERE draft = ?', draft)
  }

  #update(sql: string, draft: number): boolean {
    return this.#alone(() => this.#database.statement(sql).run(draft).changes === 1)
  }

  /** Inside a transaction: false if there is no such row. */
  deleteRow(draft: number): boolean {
    const { changes } = this.#database
      .statement('DELETE FROM mfs_small_drafts WHERE draft = ?')
      .run(draft)
    return changes === 1
  }

  /** Deletes rows and returns whose there were. Where there are none it takes no transaction: the disk may be full. */
  delete(drafts: readonly number[]): ReadonlySet<number> {
    const known = this.#database.statement('SELECT 1 FROM mfs_small_drafts WHERE draft = ?')
    const rows = new Set(drafts.filter(draft => known.get(draft) !== undefined))
    if (rows.size === 0) return rows
    this.#database.write(() => {
      const remove = this.#database.statement('DELETE FROM mfs_small_drafts WHERE draft = ?')
      for (const draft of rows) remove.run(draft)
    })
    return rows
  }

  list(): number[] {
    const rows = this.#database.statement('SELECT draft FROM mfs_small_drafts').all()
    return (rows as Array<{ draft: number }>).map(({ draft }) => draft)
  }
}

export function timeOf(row: Pick<Row, 'writtenSeconds' | 'writtenNanoseconds'>): Time | undefined {
  const { writtenSeconds, writtenNanoseconds } = row
  if (writtenSeconds === null || writtenNanoseconds === null) return undefined
  return { seconds: writtenSeconds, nanoseconds: writtenNanoseconds }
}
