import type { Migration } from '../base/database.ts'
import { cidBytesColumn, type Reference } from '../base/references.ts'

/**
 * The catalog's tables.
 *
 * `catalog_expectations` are written in generations: rows of a document count only when their
 * generation is the one its row in `catalog_documents` names, so a new version is taken over in one
 * step however many transactions brought it in. Rows of other generations are leftovers, swept the
 * next time the document is learnt.
 *
 * `catalog_unpacked`: the `cid` and, of images, the side `record` of an unpacked `archive`; both are to
 * be kept with the item of that key. `bytes` are those of its tree, unknown of those made before they were counted.
 *
 * `catalog_versions` is what mutable items were, from when on, and by which date clients know them; the newest row is what the item
 * is now. `catalog_hosted` are the places (`apt/local`) of what is published here.
 *
 * `catalog_retention`, one row: what is cached as it was measured last, and what was dropped and freed so far.
 *
 * `catalog_epoch`, one row: grows with whatever is an answer's reason. That an item was asked for again and is still right
 * (`validated_ms`), and when it was used, is not.
 */
export const catalogMigrations: Migration[] = [
  {
    owner: 'catalog',
    version: 1,
    sql: `
      CREATE TABLE catalog_items (
        key TEXT PRIMARY KEY,
        cid BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        media_type TEXT NOT NULL,
        digests TEXT NOT NULL,
        etag TEXT,
        last_modified TEXT,
        stored_ms INTEGER NOT NULL,
        validated_ms INTEGER NOT NULL,
        used_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE catalog_digests (
        digest TEXT NOT NULL,
        key TEXT NOT NULL,
        PRIMARY KEY (digest, key)
      ) WITHOUT ROWID;
      CREATE TABLE catalog_documents (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        generation INTEGER NOT NULL,
        digest TEXT,
        learnt_ms INTEGER NOT NULL
      );
      CREATE TABLE catalog_expectations (
        key TEXT NOT NULL,
        document INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        digest TEXT NOT NULL,
        bytes INTEGER,
        PRIMARY KEY (key, document, generation)
      ) WITHOUT ROWID;
      CREATE INDEX catalog_expectations_of ON catalog_expectations (document, generation);
      CREATE TABLE catalog_unpacked (
        key TEXT PRIMARY KEY,
        cid BLOB NOT NULL,
        archive BLOB NOT NULL
      ) WITHOUT ROWID;
    `
  },
  {
    owner: 'catalog',
    version: 2,
    sql: `
      CREATE TABLE catalog_versions (
        key TEXT NOT NULL,
        stored_ms INTEGER NOT NULL,
        cid BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        media_type TEXT NOT NULL,
        digests TEXT NOT NULL,
        last_modified TEXT,
        PRIMARY KEY (key, stored_ms)
      ) WITHOUT ROWID;
      CREATE TABLE catalog_hosted (
        place TEXT PRIMARY KEY,
        created_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
    `
  },
  {
    owner: 'catalog',
    version: 3,
    sql: `
      ALTER TABLE catalog_unpacked ADD COLUMN record BLOB;
      DELETE FROM catalog_unpacked WHERE key LIKE 'oci/%';
    `
  },
  {
    owner: 'catalog',
    version: 4,
    sql: `
      ALTER TABLE catalog_unpacked ADD COLUMN bytes INTEGER;
      ALTER TABLE catalog_unpacked ADD COLUMN used_ms INTEGER NOT NULL DEFAULT 0;
      CREATE INDEX catalog_versions_of ON catalog_versions (cid);
      CREATE TABLE catalog_retention (
        cached_bytes INTEGER NOT NULL DEFAULT 0,
        index_bytes INTEGER NOT NULL DEFAULT 0,
        measured_ms INTEGER NOT NULL DEFAULT 0,
        dropped_parts INTEGER NOT NULL DEFAULT 0,
        dropped_bytes INTEGER NOT NULL DEFAULT 0,
        collected_ms INTEGER NOT NULL DEFAULT 0,
        left_file_bytes INTEGER NOT NULL DEFAULT 0,
        freed_bytes INTEGER NOT NULL DEFAULT 0
      );
      INSERT INTO catalog_retention DEFAULT VALUES;
    `
  },
  {
    owner: 'catalog',
    version: 5,
    sql: `
      CREATE TABLE catalog_epoch (number INTEGER NOT NULL);
      INSERT INTO catalog_epoch VALUES (0);
      ${['INSERT', 'DELETE']
        .flatMap(change => ['items', 'hosted'].map(table => [change, table] as const))
        .map(([change, table]) => countedChange(change, table))
        .join('')}
      ${countedChange('UPDATE OF cid, bytes, media_type, digests, etag, last_modified, stored_ms', 'items')}
      ${countedChange('UPDATE', 'documents')}
    `
  },
  {
    owner: 'catalog',
    version: 6,
    sql: 'ALTER TABLE catalog_versions ADD COLUMN dated_ms INTEGER;'
  }
]

/** Each such change of a row makes another epoch. */
function countedChange(change: string, table: string): string {
  const name = `catalog_${table}_${change.split(' ', 1)[0]?.toLowerCase()}`
  return `CREATE TRIGGER ${name} AFTER ${change} ON catalog_${table}
    BEGIN UPDATE catalog_epoch SET number = number + 1; END;\n`
}

/** What is held of upstreams, in all versions, and published here. */
export const catalogReferences: readonly Reference[] = [
  cidBytesColumn('catalog_items'),
  cidBytesColumn('catalog_versions'),
  cidBytesColumn('catalog_unpacked'),
  cidBytesColumn('catalog_unpacked', 'archive'),
  cidBytesColumn('catalog_unpacked', 'record')
]
