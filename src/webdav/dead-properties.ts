import type { Database } from '../base/database.ts'
import { limits } from '../base/limits.ts'
import type { Ino } from '../vfs/api.ts'
import { refuse } from './refuse.ts'

export interface PropertyName {
  readonly space: string
  readonly name: string
}

export interface DeadProperty extends PropertyName {
  /** The element as XML that stands by itself. */
  readonly value: string
}

/** What clients keep with a resource of `/dav/mfs` and this server does not understand. */
export class DeadProperties {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  has(ino: Ino): boolean {
    const one = 'SELECT 1 FROM dav_properties WHERE ino = ? LIMIT 1'
    return this.#database.statement(one).get(ino) !== undefined
  }

  /** Those of the inodes that have any, in one look. */
  among(inos: readonly Ino[]): ReadonlySet<Ino> {
    if (this.#database.statement('SELECT 1 FROM dav_properties LIMIT 1').get() === undefined) {
      return new Set()
    }
    const rows = this.#database
      .statement(
        `SELECT DISTINCT ino FROM dav_properties
         WHERE ino IN (SELECT value FROM json_each(?))`
      )
      .all(JSON.stringify(inos)) as Array<{ ino: Ino }>
    return new Set(rows.map(({ ino }) => ino))
  }

  all(ino: Ino): DeadProperty[] {
    return this.#database
      .statement('SELECT space, name, value FROM dav_properties WHERE ino = ?')
      .all(ino) as unknown as DeadProperty[]
  }

  get(ino: Ino, { space, name }: PropertyName): string | undefined {
    const row = this.#database
      .statement('SELECT value FROM dav_properties WHERE ino = ? AND space = ? AND name = ?')
      .get(ino, space, name) as { value: string } | undefined
    return row?.value
  }

  /** Throws a refusal with status 507 if one resource would have too much of them. */
  set(ino: Ino, { space, name, value }: DeadProperty): void {
    this.#database
      .statement('INSERT OR REPLACE INTO dav_properties VALUES (?, ?, ?, ?)')
      .run(ino, space, name, value)
    const row = this.#database
      .statement('SELECT sum(length(value)) AS length FROM dav_properties WHERE ino = ?')
      .get(ino) as { length: number }
    if (row.length > limits.davPropertyBytes) {
      throw refuse(507, `the properties have more than ${limits.davPropertyBytes} characters`)
    }
  }

  remove(ino: Ino, { space, name }: PropertyName): void {
    this.#database
      .statement('DELETE FROM dav_properties WHERE ino = ? AND space = ? AND name = ?')
      .run(ino, space, name)
  }

  /** Those of one inode, for another as well. */
  copy(from: Ino, to: Ino): void {
    this.#database
      .statement(
        'INSERT OR REPLACE INTO dav_properties SELECT ?, space, name, value FROM dav_properties WHERE ino = ?'
      )
      .run(to, from)
  }
}
