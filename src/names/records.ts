import { hash } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { limits } from '../base/limits.ts'
import type { ForeignHead, HeadsOptions, HeldRecord } from './api.ts'
import { type IpnsRecord, readStoredRecord } from './record.ts'

/** The newest record of each name, and those of own keys that others made. Rows; it holds no state. */
export class Records {
  readonly #database: Database
  readonly #clock: Clock

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  get(name: string): HeldRecord | undefined {
    const row = this.#database
      .statement('SELECT record, taken_ms FROM name_records WHERE name = ?')
      .get(name)
    if (row === undefined) return undefined
    const record = readStoredRecord(row.record as Uint8Array)
    return { ...record, successor: record.successor, takenMs: row.taken_ms as number }
  }

  names(): string[] {
    const rows = this.#database.statement('SELECT name FROM name_records ORDER BY name').all()
    return rows.map(({ name }) => name as string)
  }

  /** Inside a transaction, or as one: in place of what was there. */
  put(name: string, record: Uint8Array): void {
    this.#database.write(
      () =>
        this.#database
          .statement('INSERT OR REPLACE INTO name_records VALUES (?, ?, ?)')
          .run(name, record, this.#clock.nowMs()),
      { durable: true }
    )
  }

  /** Whether a held record leads to a name. */
  isPointedAt(name: string): boolean {
    return this.names().some(each => {
      const record = this.get(each)
      return record?.value.split('/', 3)[2] === name || record?.successor === name
    })
  }

  /** So many of a name at most: those of the highest sequences, which the next record has to go above. */
  addHead(name: string, { bytes }: IpnsRecord): void {
    this.#database.write(
      () => {
        this.#database
          .statement('INSERT OR IGNORE INTO name_heads VALUES (?, ?, ?, ?, 0)')
          .run(name, hash('sha256', bytes), bytes, this.#clock.nowMs())
        this.#dropLowestHead(name)
      },
      { durable: true }
    )
  }

  #dropLowestHead(name: string): void {
    const rows = this.#database
      .statement('SELECT digest, record FROM name_heads WHERE name = ?')
      .all(name)
    if (rows.length <= limits.nameHeads) return
    const sequences = rows.map(({ digest, record }) => {
      const { sequence } = readStoredRecord(record as Uint8Array)
      return { digest: digest as string, sequence }
    })
    const lowest = sequences.reduce((low, each) => (each.sequence < low.sequence ? each : low))
    this.#database
      .statement('DELETE FROM name_heads WHERE name = ? AND digest = ?')
      .run(name, lowest.digest)
  }

  /** Of one name with `name`; only those that nobody settled unless `all`. */
  heads({ name, all = false }: HeadsOptions = {}): ForeignHead[] {
    return this.#database
      .statement('SELECT * FROM name_heads WHERE (?1 IS NULL OR name = ?1) ORDER BY seen_ms')
      .all(name ?? null)
      .filter(row => all || row.settled === 0)
      .map(row => {
        const { sequence, value } = readStoredRecord(row.record as Uint8Array)
        return { name: row.name as string, sequence, value, seenMs: row.seen_ms as number }
      })
  }

  /** Inside a transaction. */
  settleHeads(name: string): void {
    this.#database.statement('UPDATE name_heads SET settled = 1 WHERE name = ?').run(name)
  }
}
