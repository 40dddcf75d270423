import type { Migration } from '../base/database.ts'
import { multihashColumn, type Reference } from '../base/references.ts'

/**
 * The mutable tree's tables; docs/decisions/0011-mfs-inodes.md says why they look so.
 *
 * `inodes.parent` does not exist: a dentry, or the range an inode belongs to, names its directory,
 * so there is one truth. `links` of a directory is 1 where its subdirectories were never counted
 * (it came from a CID), as btrfs does. `draft` set implies `dirty`. `generation` only grows.
 */
export const vfsMigrations: Migration[] = [
  {
    owner: 'vfs',
    version: 1,
    sql: `
      CREATE TABLE mfs_counters (
        id INTEGER PRIMARY KEY CHECK (id = 0),
        next INTEGER NOT NULL
      );
      INSERT INTO mfs_counters VALUES (0, 2);

      CREATE TABLE inodes (
        ino INTEGER PRIMARY KEY,
        mode INTEGER NOT NULL,
        links INTEGER NOT NULL,
        uid INTEGER NOT NULL,
        gid INTEGER NOT NULL,
        rdev INTEGER NOT NULL,
        size INTEGER NOT NULL,
        atimeSeconds INTEGER NOT NULL,
        atimeNanoseconds INTEGER NOT NULL,
        mtimeSeconds INTEGER NOT NULL,
        mtimeNanoseconds INTEGER NOT NULL,
        ctimeSeconds INTEGER NOT NULL,
        ctimeNanoseconds INTEGER NOT NULL,
        dirty INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        writers INTEGER NOT NULL,
        unfolded INTEGER NOT NULL,
        draft INTEGER,
        codec INTEGER,
        multihash BLOB,
        cidVersion INTEGER,
        dagBytes INTEGER,
        target BLOB
      );
      CREATE INDEX inodes_orphaned ON inodes(ino) WHERE links = 0;
      CREATE INDEX inodes_dirty ON inodes(ino) WHERE dirty = 1;

      CREATE TABLE dentries (
        parent INTEGER NOT NULL,
        name BLOB NOT NULL,
        ino INTEGER NOT NULL,
        cookie INTEGER NOT NULL,
        PRIMARY KEY (parent, name)
      ) WITHOUT ROWID;
      CREATE UNIQUE INDEX dentries_order ON dentries(parent, cookie, ino);
      CREATE INDEX dentries_ino ON dentries(ino);

      CREATE TABLE mfs_ranges (
        base INTEGER PRIMARY KEY,
        count INTEGER NOT NULL,
        directory INTEGER NOT NULL UNIQUE,
        codec INTEGER NOT NULL,
        multihash BLOB NOT NULL
      );

      CREATE TABLE xattrs (
        ino INTEGER NOT NULL,
        name TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (ino, name)
      ) WITHOUT ROWID;

      CREATE TABLE mfs_trash (draft INTEGER PRIMARY KEY);
    `
  },
  {
    owner: 'vfs',
    version: 2,
    sql: `
      CREATE TABLE mfs_small_drafts (
        draft INTEGER PRIMARY KEY,
        bytes BLOB NOT NULL,
        writtenSeconds INTEGER,
        writtenNanoseconds INTEGER,
        synchronized INTEGER NOT NULL
      );
    `
  },
  {
    owner: 'vfs',
    version: 3,
    sql: `
      CREATE TABLE mfs_shards (
        multihash BLOB PRIMARY KEY,
        ends BLOB NOT NULL
      ) WITHOUT ROWID;
    `
  },
  {
    owner: 'vfs',
    version: 4,
    sql: `
      CREATE TABLE mfs_sealed_drafts (
        draft INTEGER PRIMARY KEY,
        size INTEGER NOT NULL,
        seconds INTEGER NOT NULL,
        nanoseconds INTEGER NOT NULL,
        codec INTEGER NOT NULL,
        multihash BLOB NOT NULL,
        cidVersion INTEGER NOT NULL,
        dagBytes INTEGER NOT NULL
      );
    `
  },
  {
    owner: 'vfs',
    version: 5,
    sql: `
      CREATE TABLE mfs_sharded (
        directory INTEGER PRIMARY KEY,
        multihash BLOB NOT NULL,
        profile TEXT NOT NULL,
        listBytes INTEGER NOT NULL
      );
      CREATE TABLE mfs_changed_names (
        directory INTEGER NOT NULL,
        name BLOB NOT NULL,
        PRIMARY KEY (directory, name)
      ) WITHOUT ROWID;

      CREATE TRIGGER mfs_name_came AFTER INSERT ON dentries
      WHEN EXISTS (SELECT 1 FROM mfs_sharded WHERE directory = NEW.parent) BEGIN
        INSERT OR IGNORE INTO mfs_changed_names
          SELECT NEW.parent, NEW.name FROM inodes WHERE ino = NEW.parent AND unfolded = 1;
      END;
      CREATE TRIGGER mfs_name_went AFTER DELETE ON dentries
      WHEN EXISTS (SELECT 1 FROM mfs_sharded WHERE directory = OLD.parent) BEGIN
        INSERT OR IGNORE INTO mfs_changed_names VALUES (OLD.parent, OLD.name);
      END;
      CREATE TRIGGER mfs_name_moved AFTER UPDATE ON dentries
      WHEN EXISTS (SELECT 1 FROM mfs_sharded WHERE directory IN (OLD.parent, NEW.parent)) BEGIN
        INSERT OR IGNORE INTO mfs_changed_names
          SELECT directory, OLD.name FROM mfs_sharded WHERE directory = OLD.parent
          UNION SELECT directory, NEW.name FROM mfs_sharded WHERE directory = NEW.parent;
      END;
      CREATE TRIGGER mfs_turned_dirty AFTER UPDATE OF dirty ON inodes
      WHEN OLD.dirty = 0 AND NEW.dirty = 1 BEGIN
        INSERT OR IGNORE INTO mfs_changed_names
          SELECT parent, name FROM dentries JOIN mfs_sharded ON directory = parent
          WHERE dentries.ino = NEW.ino;
      END;
      CREATE TRIGGER mfs_unfolded AFTER UPDATE OF unfolded ON inodes
      WHEN OLD.unfolded = 0 AND NEW.unfolded = 1 BEGIN
        DELETE FROM mfs_sharded WHERE directory = NEW.ino;
      END;
      CREATE TRIGGER mfs_inode_gone AFTER DELETE ON inodes
      WHEN EXISTS (SELECT 1 FROM mfs_sharded WHERE directory = OLD.ino) BEGIN
        DELETE FROM mfs_sharded WHERE directory = OLD.ino;
      END;
      CREATE TRIGGER mfs_shards_forgotten AFTER DELETE ON mfs_sharded BEGIN
        DELETE FROM mfs_changed_names WHERE directory = OLD.directory;
      END;
    `
  }
]

/** Every inode, those that are open though unlinked included; `mfs_shards` only counts what others name. */
export const vfsReferences: readonly Reference[] = [
  'inodes',
  'mfs_ranges',
  'mfs_sealed_drafts'
].map(multihashColumn)
