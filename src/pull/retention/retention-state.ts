import type { Database } from '../../base/database.ts'
import type { CacheSize } from './contents.ts'
import type { Dropped } from './drop-parts.ts'

/** What the last rounds found and did, for whoever asks; times are 0 before the first. */
export interface RetentionFacts extends CacheSize {
  readonly measuredMs: number
  /** Since the home was made. */
  readonly droppedParts: number
  readonly droppedBytes: number
  readonly collectedMs: number
  /** Bytes of the segment files after the last collection. */
  readonly keptFileBytes: number
  /** By all collections. */
  readonly freedBytes: number
}

/** The one row of `catalog_retention`. */
export class RetentionState {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  read(): RetentionFacts {
    const row = this.#database.statement('SELECT * FROM catalog_retention').get() ?? {}
    const number = (column: string): number => Number(row[column] ?? 0)
    return {
      cachedBytes: number('cached_bytes'),
      indexBytes: number('index_bytes'),
      measuredMs: number('measured_ms'),
      droppedParts: number('dropped_parts'),
      droppedBytes: number('dropped_bytes'),
      collectedMs: number('collected_ms'),
      keptFileBytes: number('left_file_bytes'),
      freedBytes: number('freed_bytes')
    }
  }

  measured(size: CacheSize, dropped: Pick<Dropped, 'parts' | 'bytes'>, nowMs: number): void {
    this.#run(
      `UPDATE catalog_retention SET cached_bytes = ?, index_bytes = ?, measured_ms = ?,
        dropped_parts = dropped_parts + ?, dropped_bytes = dropped_bytes + ?`,
      size.cachedBytes,
      size.indexBytes,
      nowMs,
      dropped.parts,
      dropped.bytes
    )
  }

  collected(keptFileBytes: number, freedBytes: number, nowMs: number): void {
    this.#run(
      'UPDATE catalog_retention SET left_file_bytes = ?, freed_bytes = freed_bytes + ?, collected_ms = ?',
      keptFileBytes,
      freedBytes,
      nowMs
    )
  }

  #run(sql: string, ...numbers: number[]): void {
    this.#database.write(() => this.#database.statement(sql).run(...numbers))
  }
}
