import type { Database } from '../base/database.ts'

/** The number in `catalog_epoch`, read again only once somebody committed something. */
export class Epoch {
  readonly #database: Database
  /** The database's version that `#number` was read of. */
  #readAt: number | undefined
  #number = 0

  constructor(database: Database) {
    this.#database = database
  }

  /** Undefined inside a transaction. */
  now(): number | undefined {
    const version = this.#database.version()
    if (version === undefined) return undefined
    if (version !== this.#readAt) {
      const row = this.#database.statement('SELECT number FROM catalog_epoch').get()
      this.#number = Number(row?.number)
      this.#readAt = version
    }
    return this.#number
  }
}
