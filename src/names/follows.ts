import { CID } from 'multiformats/cid'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { CairnError } from '../base/errors.ts'
import type { Roots } from '../roots/api.ts'
import type { Follow, FollowOptions } from './api.ts'
import { readIpnsName } from './ipns-name.ts'
import { checkAlias } from './keys.ts'
import { rootOfName } from './publisher.ts'
import { isDomain } from './record-value.ts'

export interface FollowsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly roots: Roots
}

/** Names of others that are kept alive here. Rows; it holds no state. */
export class Follows {
  readonly #database: Database
  readonly #clock: Clock
  readonly #roots: Roots

  constructor({ database, clock, roots }: FollowsOptions) {
    this.#database = database
    this.#clock = clock
    this.#roots = roots
  }

  list(): Follow[] {
    const rows = this.#database.statement('SELECT * FROM name_follows ORDER BY since_ms').all()
    return rows.map(row => this.#followOf(row))
  }

  find(which: string): Follow | undefined {
    const row = this.#database
      .statement('SELECT * FROM name_follows WHERE target = ?1 OR alias = ?2 OR name = ?1')
      .get(readIpnsName(which) ?? which.toLowerCase(), which)
    return row === undefined ? undefined : this.#followOf(row)
  }

  #followOf(row: Record<string, unknown>): Follow {
    const text = (column: string) => (row[column] as string | null) ?? undefined
    const target = row.target as string
    const name = text('name')
    const kept = text('kept')
    return {
      target,
      name,
      alias: text('alias'),
      whole: row.whole === 1,
      sinceMs: row.since_ms as number,
      askedMs: row.asked_ms as number,
      answeredMs: row.answered_ms as number,
      problem: text('problem'),
      cid: this.#roots.get(rootOfName(name ?? target))?.cid,
      kept: kept === undefined ? undefined : CID.parse(kept)
    }
  }

  /** Adds, or changes what was added before, which may be named by its alias. */
  add(text: string, { alias, whole }: FollowOptions): Follow {
    const target = this.find(text)?.target ?? parseTarget(text)
    if (alias !== undefined) checkAlias(alias)
    return this.#keep(() => {
      const key = this.#database
        .statement('SELECT name FROM name_keys WHERE alias = ?')
        .get(alias ?? null)
      if (key !== undefined) {
        throw new CairnError('exists', `${alias} is what the key ${key.name} is called already`)
      }
      const other = alias === undefined ? undefined : this.find(alias)
      if (other !== undefined && other.target !== target) {
        throw new CairnError('exists', `${alias} is what ${other.target} is called already`)
      }
      this.#database
        .statement(
          `INSERT INTO name_follows VALUES (?, ?, ?, ?, ?, 0, 0, NULL, NULL)
           ON CONFLICT DO UPDATE SET alias = coalesce(excluded.alias, alias), whole = excluded.whole`
        )
        .run(
          target,
          alias ?? null,
          readIpnsName(target) ?? null,
          whole ? 1 : 0,
          this.#clock.nowMs()
        )
      const made = this.find(target)
      if (made === undefined) throw new CairnError('io', `${target} was not followed`)
      return made
    })
  }

  remove(which: string): boolean {
    return this.#keep(() => {
      const found = this.find(which)
      if (found === undefined) return false
      if (found.kept !== undefined) this.#roots.unpin(found.kept)
      if (found.name !== undefined) this.#run('DELETE FROM name_records WHERE name = ?', found.name)
      this.#run('DELETE FROM roots WHERE name = ?', rootOfName(found.name ?? found.target))
      this.#run('DELETE FROM name_follows WHERE target = ?', found.target)
      return true
    })
  }

  /** A refresh ended; with a problem, it brought nothing. */
  note(target: string, problem: string | undefined): void {
    const now = this.#clock.nowMs()
    this.#database.write(() =>
      this.#database
        .statement(
          `UPDATE name_follows SET asked_ms = ?1, problem = ?2,
           answered_ms = CASE WHEN ?2 IS NULL THEN ?1 ELSE answered_ms END WHERE target = ?3`
        )
        .run(now, problem ?? null, target)
    )
  }

  /** Inside a transaction: all who follow a key follow its successor, and see what it showed until that says more. */
  succeed(name: string, successor: string): void {
    const standing = this.#roots.get(rootOfName(name))
    this.#run('UPDATE name_follows SET name = ? WHERE name = ?', successor, name)
    if (standing === undefined || this.#roots.get(rootOfName(successor)) !== undefined) return
    const reason = `takes over from ${name}`
    this.#roots.advance(rootOfName(successor), undefined, standing.cid, { profile: '', reason })
  }

  /** A domain leads to a key from now on, or to none. */
  lead(target: string, name: string | undefined): void {
    this.#keep(() =>
      this.#run('UPDATE name_follows SET name = ? WHERE target = ?', name ?? null, target)
    )
  }

  /** Where the name stands; its root block is here. True if it moved. */
  stand(target: string, cid: CID, reason: string): boolean {
    return this.#keep(() => {
      const found = this.find(target)
      if (found === undefined || found.cid?.equals(cid) === true) return false
      const root = rootOfName(found.name ?? found.target)
      this.#roots.advance(root, this.#roots.get(root)?.cid, cid, { profile: '', reason })
      return true
    })
  }

  /** Every block of the CID is here: it is pinned in place of what was kept before. */
  keep(target: string, cid: CID): void {
    this.#keep(() => {
      const found = this.find(target)
      if (found === undefined) return
      this.#roots.pin(cid, { label: rootOfName(target) })
      if (found.kept?.equals(cid) === false) this.#roots.unpin(found.kept)
      this.#run('UPDATE name_follows SET kept = ? WHERE target = ?', cid.toString(), target)
    })
  }

  #run(sql: string, ...parameters: Array<string | null>): void {
    this.#database.statement(sql).run(...parameters)
  }

  #keep<T>(work: () => T): T {
    return this.#database.write(work, { durable: true })
  }
}

function parseTarget(text: string): string {
  const bare = text.replace(/^\/ipns\//, '').replace(/\/$/, '')
  const name = readIpnsName(bare)
  if (name !== undefined) return name
  if (isDomain(bare)) return bare.toLowerCase()
  throw new CairnError(
    'usage',
    `${JSON.stringify(text.slice(0, 120))} is neither the name of a key nor a domain`
  )
}
