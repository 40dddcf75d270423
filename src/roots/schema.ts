import type { Migration } from '../base/database.ts'

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
