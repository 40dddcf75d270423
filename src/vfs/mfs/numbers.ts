import type { Database } from '../../base/database.ts'

/** Numbers an instance takes from the shared counter at once; those unused at the end are lost. */
const stock = 512
/** The most that one operation uses. */
const perOperation = 8

/** Numbers never used before, for inodes, drafts and cookies. */
export class Numbers {
  readonly #database: Database
  #next = 0
  #end = 0

  constructor(database: Database) {
    this.#database = database
  }

  /**
   * Before a transaction that takes numbers: were they fetched inside and it failed, they would be
   * given out twice.
   */
  prepare(): void {
    if (this.#end - this.#next >= perOperation) return
    this.#next = this.#database.write(() => reserveNumbers(this.#database, stock))
    this.#end = this.#next + stock
    // Within a transaction that is undone later, they are not reserved after all.
    this.#database.afterTransaction(committed => {
      if (!committed) this.#end = this.#next
    })
  }

  take(): number {
    return this.#next++
  }
}

/** Inside a transaction: the first of `count` numbers in a row. */
export function reserveNumbers(database: Database, count: number): number {
  const row = database
    .statement('UPDATE mfs_counters SET next = next + ? RETURNING next')
    .get(count) as { next: number }
  return row.next - count
}
