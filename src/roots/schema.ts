import type { Migration } from '../base/database.ts'
import { cidTextColumn, type Reference } from '../base/references.ts'

/** CIDs are stored as their text: few rows, read by people who debug. */
export const rootsMigrations: Migration[] = [
  {
    owner: 'roots',
    version: 1,
    sql: `
      CREATE TABLE roots (
        name TEXT PRIMARY KEY,
        cid TEXT NOT NULL,
        profile TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        changed_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE history (
        name TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        cid TEXT NOT NULL,
        profile TEXT NOT NULL,
        reason TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (name, sequence)
      ) WITHOUT ROWID;
      CREATE TABLE pins (
        cid TEXT PRIMARY KEY,
        label TEXT NOT NULL,
        created_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
    `
  }
]

/** Whatever a root stands at or stood at, and what is pinned, stays. */
export const rootsReferences: readonly Reference[] = ['roots', 'history', 'pins'].map(table =>
  cidTextColumn(table)
)
