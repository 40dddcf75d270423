import type { Migration } from '../base/database.ts'

/** Users, with their secrets as scrypt left them. `scopes`: words with spaces between; `root`: names with slashes. */
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
  }
]
