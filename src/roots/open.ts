import { CID } from 'multiformats/cid'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { CairnError } from '../base/errors.ts'
import type { AdvanceDetails, HistoryEntry, Pin, PinOptions, RootState, Roots } from './api.ts'

type Row = Record<string, unknown>

/**
 * Roots, history and pins over a database that `rootsMigrations` brought up to date. It holds no
 * state: any number of threads and processes may have one each. An `advance` inside a caller's
 * `database.write` is part of that transaction.
 */
export function openRoots(database: Database, clock: Clock): Roots {
  return new DatabaseRoots(database, clock)
}

class DatabaseRoots implements Roots {
  readonly #database: Database
  readonly #clock: Clock

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  get(name: string): RootState | undefined {
    const row = this.#database.statement('SELECT * FROM roots WHERE name = ?').get(name)
    return row === undefined ? undefined : rootOf(row)
  }

  list(): RootState[] {
    return this.#database.statement('SELECT * FROM roots ORDER BY name').all().map(rootOf)
  }

  advance(name: string, from: CID | undefined, to: CID, details: AdvanceDetails): RootState {
    return this.#keep(() => {
      const current = this.get(name)
      if (current?.cid.toString() !== from?.toString()) throw stoodElsewhere(name, from, current)
      if (current?.cid.equals(to)) return current
      return this.#move(name, to, details, (current?.sequence ?? 0) + 1)
    })
  }

  /** What is promised to a person (a snapshot's CID, a pin) is on the disk before it is told. */
  #keep<T>(work: () => T): T {
    return this.#database.write(work, { durable: true })
  }

  #move(name: string, cid: CID, details: AdvanceDetails, sequence: number): RootState {
    const changedMs = this.#clock.nowMs()
    const { profile, reason } = details
    this.#database
      .statement('INSERT OR REPLACE INTO roots VALUES (?, ?, ?, ?, ?)')
      .run(name, cid.toString(), profile, sequence, changedMs)
    this.#database
      .statement('INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)')
      .run(name, sequence, cid.toString(), profile, reason, changedMs)
    return { name, cid, profile, sequence, changedMs }
  }

  history(name: string, options: { limit?: number } = {}): HistoryEntry[] {
    return this.#database
      .statement('SELECT * FROM history WHERE name = ? ORDER BY sequence DESC LIMIT ?')
      .all(name, options.limit ?? -1)
      .map(entryOf)
  }

  pin(cid: CID, options: PinOptions): void {
    this.#keep(() =>
      this.#database
        .statement(
          'INSERT INTO pins VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET label = excluded.label'
        )
        .run(cid.toString(), options.label, this.#clock.nowMs())
    )
  }

  unpin(cid: CID): boolean {
    return this.#keep(
      () =>
        this.#database.statement('DELETE FROM pins WHERE cid = ?').run(cid.toString()).changes === 1
    )
  }

  pins(): Pin[] {
    return this.#database.statement('SELECT * FROM pins ORDER BY created_ms, cid').all().map(pinOf)
  }
}

function stoodElsewhere(name: string, from: CID | undefined, current: RootState | undefined) {
  const expected = from === undefined ? 'not to exist' : `to stand at ${from}`
  const found = current === undefined ? 'does not exist' : `stands at ${current.cid}`
  return new CairnError(
    'conflict',
    `the root ${name} was expected ${expected} but ${found}: read it again and retry`
  )
}

function rootOf(row: Row): RootState {
  return {
    name: row.name as string,
    cid: CID.parse(row.cid as string),
    profile: row.profile as string,
    sequence: row.sequence as number,
    changedMs: row.changed_ms as number
  }
}

function entryOf(row: Row): HistoryEntry {
  return {
    sequence: row.sequence as number,
    cid: CID.parse(row.cid as string),
    profile: row.profile as string,
    reason: row.reason as string,
    atMs: row.at_ms as number
  }
}

function pinOf(row: Row): Pin {
  return {
    cid: CID.parse(row.cid as string),
    label: row.label as string,
    createdMs: row.created_ms as number
  }
}
