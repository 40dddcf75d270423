import type { Database } from '../../base/database.ts'
import type { DagTop, Reference } from '../../base/references.ts'

/**
 * Sees every reference that anybody, in whatever process, writes while a collection marks and sweeps:
 * triggers on the columns write what they are given to `store_barrier` in the same transaction. They are there only
 * while a collection runs; what one that died left is dropped by the next.
 */
export class WriteBarrier {
  readonly #database: Database
  readonly #references: readonly Reference[]
  #last = 0

  constructor(database: Database, references: readonly Reference[]) {
    this.#database = database
    this.#references = references
  }

  /** Within a transaction: from its commit on nothing goes unseen. */
  begin(): void {
    this.end()
    for (const [number, reference] of this.#references.entries()) {
      const { table, column, codecColumn } = reference
      for (const event of ['INSERT', `UPDATE OF ${column}`]) {
        const name = `collect_${number}_${event === 'INSERT' ? 'insert' : 'update'}`
        const codec = codecColumn === undefined ? 'NULL' : `NEW.${codecColumn}`
        this.#database
          .statement(
            `CREATE TRIGGER ${name} AFTER ${event} ON ${table} WHEN NEW.${column} IS NOT NULL BEGIN
              INSERT INTO store_barrier (reference, value, codec) VALUES (${number}, NEW.${column}, ${codec});
            END`
          )
          .run()
      }
    }
  }

  /** Within a transaction. */
  end(): void {
    const names = this.#database
      .statement(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'collect!_%' ESCAPE '!'"
      )
      .all()
    for (const { name } of names) this.#database.statement(`DROP TRIGGER ${name}`).run()
    this.#database.statement('DELETE FROM store_barrier').run()
    this.#last = 0
  }

  /** What was written since the last call. */
  news(): DagTop[] {
    const rows = this.#database
      .statement('SELECT * FROM store_barrier WHERE id > ? ORDER BY id')
      .all(this.#last)
    this.#last = (rows.at(-1)?.id as number | undefined) ?? this.#last
    return rows.flatMap(({ reference, value, codec }) => {
      const top = this.#references[reference as number]?.read(value, codec)
      return top === undefined ? [] : [top]
    })
  }
}

/** Every reference there is now, as one snapshot has them. */
export function allReferences(database: Database, references: readonly Reference[]): DagTop[] {
  return database.read(() => {
    const tops: DagTop[] = []
    for (const { table, column, codecColumn, read } of references) {
      const rows = database
        .statement(
          `SELECT ${column} AS value, ${codecColumn ?? 'NULL'} AS codec FROM ${table} WHERE ${column} IS NOT NULL`
        )
        .iterate()
      for (const { value, codec } of rows) {
        const top = read(value, codec)
        if (top !== undefined) tops.push(top)
      }
    }
    return tops
  })
}
