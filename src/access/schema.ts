import type { Migration } from '../base/database.ts'

/** Users, with their secrets as scrypt left them, and tokens, as SHA-256 of secrets too long to be guessed. `scopes`, `networks`: words with spaces between; `root`: names with slashes. */
export const accessMigrations: Migration[] = [
  {
    owner: 'access',
    version: 1,
    sql: `
      CREATE TABLE access_users (
        name TEXT PRIMARY KEY,
        secret TEXT NOT NULL,
        scopes TEXT NOT NULL,
        root BLOB NOT NULL,
        createdMs INTEGER NOT NULL
      ) WITHOUT ROWID;
    `
  },
  {
    owner: 'access',
    version: 2,
    sql: `
      CREATE TABLE access_tokens (
        id TEXT PRIMARY KEY,
        user TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        scopes TEXT NOT NULL,
        createdMs INTEGER NOT NULL
      ) WITHOUT ROWID;
    `
  },
  {
    owner: 'access',
    version: 3,
    sql: `
      ALTER TABLE access_tokens ADD COLUMN endsMs INTEGER;
      ALTER TABLE access_tokens ADD COLUMN networks TEXT NOT NULL DEFAULT '';
    `
  }
]
