import type { DatabaseSync } from 'node:sqlite'
import { CairnError } from './errors.ts'

/** A step of an owner's schema; steps of one owner are numbered from 1 and never change once released. */
export interface Migration {
  readonly owner: string
  readonly version: number
  readonly sql: string
}

/**
 * Takes the steps that a database has not taken yet, all in one transaction made by `write`.
 * Throws `unsupported` if a newer Cairn has taken steps that are not known here.
 */
export function migrate(
  sqlite: DatabaseSync,
  migrations: readonly Migration[],
  write: (work: () => void) => void
): void {
  refuseNewer(takenVersions(sqlite), migrations)
  if (untaken(takenVersions(sqlite), migrations).length === 0) return
  write(() => {
    sqlite.exec(
      'CREATE TABLE IF NOT EXISTS schema (owner TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID'
    )
    const taken = takenVersions(sqlite)
    refuseNewer(taken, migrations)
    const record = sqlite.prepare(
      'INSERT INTO schema VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version'
    )
    for (const { owner, version, sql } of untaken(taken, migrations)) {
      sqlite.exec(sql)
      record.run(owner, version)
    }
  })
}

function takenVersions(sqlite: DatabaseSync): Map<string, number> {
  const known = sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema'").get()
  if (known === undefined) return new Map()
  const rows = sqlite.prepare('SELECT owner, version FROM schema').all()
  return new Map(rows.map(row => [row.owner as string, row.version as number]))
}

function untaken(taken: Map<string, number>, migrations: readonly Migration[]): Migration[] {
  return migrations
    .filter(({ owner, version }) => version > (taken.get(owner) ?? 0))
    .sort((one, other) => one.version - other.version)
}

/** An owner that is not among the migrations is none of this opener's business. */
function refuseNewer(taken: Map<string, number>, migrations: readonly Migration[]): void {
  for (const [owner, version] of taken) {
    const own = migrations.filter(migration => migration.owner === owner)
    if (own.length > 0 && own.every(migration => migration.version < version)) {
      throw new CairnError(
        'unsupported',
        `a newer Cairn wrote it (${owner} is at version ${version}): update this one`
      )
    }
  }
}
