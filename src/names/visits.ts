import { CID } from 'multiformats/cid'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { limits } from '../base/limits.ts'
import type { Visits } from './api.ts'

/** Rows, so that every thread sees them; the oldest make room. */
export function openVisits(database: Database, clock: Clock): Visits {
  return {
    find: name => {
      const row = database
        .statement('SELECT cid FROM name_visits WHERE name = ? AND until_ms > ?')
        .get(name, clock.nowMs())
      return row === undefined ? undefined : CID.parse(row.cid as string)
    },
    put: (name, cid) =>
      database.write(() => {
        database
          .statement('INSERT OR REPLACE INTO name_visits VALUES (?, ?, ?)')
          .run(name, cid.toString(), clock.nowMs() + limits.nameVisitMs)
        database
          .statement(
            `DELETE FROM name_visits WHERE name NOT IN
             (SELECT name FROM name_visits ORDER BY until_ms DESC, name LIMIT ?)`
          )
          .run(limits.nameVisits)
      })
  }
}
