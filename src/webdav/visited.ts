import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { limits } from '../base/limits.ts'
import type { Name } from '../base/names.ts'

/**
 * CIDs that were asked for below `/dav/ipfs`, which has no end of entries to list: Windows enters
 * only what the folder above lists. Kept over a restart, the latest of them.
 */
export class Visited {
  readonly #database: Database
  readonly #clock: Clock

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  note(name: Name): void {
    const nowMs = this.#clock.nowMs()
    const known = 'SELECT 1 FROM dav_visited WHERE name = ? AND visitedMs > ?'
    const fresh = this.#database.statement(known).get(name, nowMs - limits.davVisitedMs)
    if (fresh !== undefined) return
    this.#database.write(() => {
      this.#database.statement('INSERT OR REPLACE INTO dav_visited VALUES (?, ?)').run(name, nowMs)
      this.#database
        .statement(
          `DELETE FROM dav_visited WHERE name IN (
             SELECT name FROM dav_visited ORDER BY visitedMs DESC LIMIT -1 OFFSET ?)`
        )
        .run(limits.davVisited)
    })
  }

  names(): Name[] {
    const rows = this.#database.statement('SELECT name FROM dav_visited ORDER BY name').all()
    return (rows as Array<{ name: Name }>).map(({ name }) => name)
  }
}
