import type { Multihash } from '../base/blocks.ts'
import type { Database } from '../base/database.ts'
import { rebuiltTable } from './schema.ts'

/** Where a block's bytes lie. */
export interface Location {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

export interface LocatedBlock extends Location {
  readonly multihash: Multihash
}

export interface SegmentRow {
  readonly id: number
  readonly state: 'active' | 'finished'
  readonly bytes: number
  readonly synced: number
  readonly boot: string
}

/** The table in force, or the one that a rebuild fills. */
export type BlockTable = 'blocks' | 'blocks_rebuilt'

/** The rows of schema.ts, as functions. */
export class BlockIndex {
  readonly database: Database

  constructor(database: Database) {
    this.database = database
  }

  locate(multihash: Multihash): (Location & { readonly generation: number }) | undefined {
    const row = this.database
      .statement('SELECT segment, offset, length, generation FROM blocks WHERE multihash = ?')
      .get(multihash)
    return row as unknown as (Location & { generation: number }) | undefined
  }

  /** The length alone: a listing asks for thousands, and a smaller row is a third cheaper. */
  bytesOf(multihash: Multihash): number | undefined {
    const row = this.database
      .statement('SELECT length FROM blocks WHERE multihash = ?')
      .get(multihash)
    return row?.length as number | undefined
  }

  /** Adds a row unless the block has one: false then. */
  insert(
    { multihash, segment, offset, length }: LocatedBlock,
    table: BlockTable = 'blocks'
  ): boolean {
    const { changes } = this.database
      .statement(
        `INSERT INTO ${table} SELECT ?, ?, ?, ?, generation FROM store WHERE true ON CONFLICT DO NOTHING`
      )
      .run(multihash, segment, offset, length)
    return changes === 1
  }

  /** Marks a block as relied on now; false if it is gone. */
  touch(multihash: Multihash): boolean {
    const { changes } = this.database
      .statement(
        'UPDATE blocks SET generation = (SELECT generation FROM store) WHERE multihash = ?'
      )
      .run(multihash)
    return changes === 1
  }

  /** As `insert`; a block that has a row is found here from now on. */
  place({ multihash, segment, offset, length }: LocatedBlock): void {
    this.database
      .statement(
        `INSERT INTO blocks SELECT ?, ?, ?, ?, generation FROM store WHERE true
         ON CONFLICT (multihash) DO UPDATE SET segment = excluded.segment, offset = excluded.offset,
         generation = excluded.generation`
      )
      .run(multihash, segment, offset, length)
  }

  move({ multihash, segment, offset }: LocatedBlock): void {
    this.database
      .statement('UPDATE blocks SET segment = ?, offset = ? WHERE multihash = ?')
      .run(segment, offset, multihash)
  }

  remove(multihash: Multihash): void {
    this.database.statement('DELETE FROM blocks WHERE multihash = ?').run(multihash)
  }

  /** Drops the rows that point into a part of a segment. Reads the whole table: for repairs only. */
  removeWithin(segment: number, start: number, end: number): void {
    this.database
      .statement('DELETE FROM blocks WHERE segment = ? AND offset >= ? AND offset < ?')
      .run(segment, start, end)
  }

  /** All rows in the order of their multihash, `pageRows` at a time, each page on a snapshot of its own. */
  *pages(pageRows: number): IterableIterator<LocatedBlock[]> {
    const statement = this.database.statement(
      'SELECT multihash, segment, offset, length FROM blocks WHERE multihash > ? ORDER BY multihash LIMIT ?'
    )
    let after: Multihash = new Uint8Array(0)
    for (;;) {
      const page = statement.all(after, pageRows) as unknown as LocatedBlock[]
      const last = page.at(-1)
      if (last === undefined) return
      yield page
      after = last.multihash
    }
  }

  totals(): { blocks: number; bytes: number } {
    const row = this.database
      .statement('SELECT count(*) AS blocks, coalesce(sum(length), 0) AS bytes FROM blocks')
      .get()
    return row as unknown as { blocks: number; bytes: number }
  }

  generation(): number {
    return this.database.statement('SELECT generation FROM store').get()?.generation as number
  }

  /** Within a transaction: begins the next generation and returns it. */
  nextGeneration(): number {
    this.database.statement('UPDATE store SET generation = generation + 1').run()
    return this.generation()
  }

  segments(): SegmentRow[] {
    return this.database
      .statement('SELECT * FROM segments ORDER BY id')
      .all() as unknown as SegmentRow[]
  }

  segment(id: number): SegmentRow | undefined {
    const row = this.database.statement('SELECT * FROM segments WHERE id = ?').get(id)
    return row as unknown as SegmentRow | undefined
  }

  setSegment({ id, state, bytes, synced, boot }: SegmentRow): void {
    this.database
      .statement(
        'INSERT OR REPLACE INTO segments (id, state, bytes, synced, boot) VALUES (?, ?, ?, ?, ?)'
      )
      .run(id, state, bytes, synced, boot)
  }

  /** Begins an empty table beside the one in force; drops what an interrupted rebuild left. */
  startRebuild(): void {
    this.database.write(() => {
      this.database.statement('DROP TABLE IF EXISTS blocks_rebuilt').run()
      this.database.statement(rebuiltTable).run()
    })
  }

  /**
   * Puts the rebuilt table in force. Segments that were not rebuilt (a living writer's) bring their rows
   * along if `isThere`; else they are forgotten.
   */
  finishRebuild(rebuilt: readonly SegmentRow[], isThere: (segment: number) => boolean): void {
    const done = new Set(rebuilt.map(({ id }) => id))
    this.database.write(() => {
      for (const { id } of this.segments()) {
        if (done.has(id)) continue
        if (isThere(id)) this.#takeOver(id)
        else this.database.statement('DELETE FROM segments WHERE id = ?').run(id)
      }
      for (const row of rebuilt) this.setSegment(row)
      this.database.statement('DROP TABLE blocks').run()
      this.database.statement('ALTER TABLE blocks_rebuilt RENAME TO blocks').run()
    })
  }

  #takeOver(segment: number): void {
    this.database
      .statement(
        'INSERT INTO blocks_rebuilt SELECT * FROM blocks WHERE segment = ? ON CONFLICT DO NOTHING'
      )
      .run(segment)
  }
}
