import type { Migration } from '../base/database.ts'
import { cidTextColumn, type Reference } from '../base/references.ts'

/**
 * Names are CID texts in base36. `name_heads` holds records of own keys that this machine did not
 * make: somebody else has the key. `name_visits` are names that were looked into without that. `name_follows.target` is what was followed, `name` the key it
 * leads to by now.
 */
export const namesMigrations: Migration[] = [
  {
    owner: 'names',
    version: 1,
    sql: `
      CREATE TABLE name_keys (
        name TEXT PRIMARY KEY,
        alias TEXT NOT NULL UNIQUE,
        sealed BLOB NOT NULL,
        created_ms INTEGER NOT NULL,
        successor TEXT
      ) WITHOUT ROWID;
      CREATE TABLE name_publications (
        name TEXT PRIMARY KEY,
        path TEXT,
        lifetime_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE name_records (
        name TEXT PRIMARY KEY,
        record BLOB NOT NULL,
        taken_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE name_heads (
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        record BLOB NOT NULL,
        seen_ms INTEGER NOT NULL,
        settled INTEGER NOT NULL,
        PRIMARY KEY (name, digest)
      ) WITHOUT ROWID;
      CREATE TABLE name_follows (
        target TEXT PRIMARY KEY,
        alias TEXT UNIQUE,
        name TEXT,
        whole INTEGER NOT NULL,
        since_ms INTEGER NOT NULL,
        asked_ms INTEGER NOT NULL,
        answered_ms INTEGER NOT NULL,
        problem TEXT,
        kept TEXT
      ) WITHOUT ROWID;
    `
  },
  {
    owner: 'names',
    version: 2,
    sql: `
      CREATE TABLE name_visits (
        name TEXT PRIMARY KEY,
        cid TEXT NOT NULL,
        until_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
    `
  }
]

/** What names lead to are roots, in tables of their own; this is what is kept whole of one that is followed. */
export const namesReferences: readonly Reference[] = [cidTextColumn('name_follows', 'kept')]
