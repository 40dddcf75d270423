import type { Migration } from '../base/database.ts'

/**
 * Locks by the path they were taken on, as RFC 4918 has them; dead properties by inode, so that they
 * follow it, and end with it in whatever thread it ends. Needs `vfsMigrations`.
 */
export const webdavMigrations: Migration[] = [
  {
    owner: 'webdav',
    version: 1,
    sql: `
      CREATE TABLE dav_locks (
        token TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        infinite INTEGER NOT NULL,
        exclusive INTEGER NOT NULL,
        owner TEXT NOT NULL,
        href TEXT NOT NULL,
        timeoutSeconds INTEGER NOT NULL,
        expiresMs INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE INDEX dav_locks_path ON dav_locks(path);

      CREATE TABLE dav_properties (
        ino INTEGER NOT NULL,
        space TEXT NOT NULL,
        name TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (ino, space, name)
      ) WITHOUT ROWID;
      CREATE TRIGGER dav_properties_end AFTER DELETE ON inodes BEGIN
        DELETE FROM dav_properties WHERE ino = OLD.ino;
      END;
    `
  },
  {
    owner: 'webdav',
    version: 2,
    sql: `
      CREATE TABLE dav_visited (
        name TEXT PRIMARY KEY,
        visitedMs INTEGER NOT NULL
      ) WITHOUT ROWID;
    `
  },
  { owner: 'webdav', version: 3, sql: 'ALTER TABLE dav_locks ADD COLUMN user TEXT;' }
]
