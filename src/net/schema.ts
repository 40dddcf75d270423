import type { Migration } from '../base/database.ts'

/** Peers that somebody added, by `host:port`, and those left alone until a time, by address or peer ID. */
export const netMigrations: Migration[] = [
  {
    owner: 'net',
    version: 1,
    sql: `
      CREATE TABLE net_peers (
        address TEXT PRIMARY KEY,
        added_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE net_bans (
        peer TEXT PRIMARY KEY,
        until_ms INTEGER NOT NULL,
        why TEXT NOT NULL
      ) WITHOUT ROWID;
    `
  }
]
