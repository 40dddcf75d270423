import type { Migration } from '../../base/database.ts'
import { cidBytesColumn, type Reference } from '../../base/references.ts'

/**
 * What was pushed here, by repository, and what mutable names of upstreams meant when last asked.
 * Each `cid` is a root of collection: unlike the catalog's they are in no budget.
 */
export const registryMigrations: Migration[] = [
  {
    owner: 'registry',
    version: 1,
    sql: `
      CREATE TABLE registry_repositories (name TEXT PRIMARY KEY) WITHOUT ROWID;
      CREATE TABLE registry_blobs (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        cid BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        stored_ms INTEGER NOT NULL,
        PRIMARY KEY (repository, digest)
      ) WITHOUT ROWID;
      CREATE INDEX registry_blobs_of ON registry_blobs (digest);
      CREATE TABLE registry_manifests (
        repository TEXT NOT NULL,
        digest TEXT NOT NULL,
        cid BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        stored_ms INTEGER NOT NULL,
        media_type TEXT NOT NULL,
        subject TEXT,
        artifact_type TEXT,
        annotations TEXT,
        PRIMARY KEY (repository, digest)
      ) WITHOUT ROWID;
      CREATE INDEX registry_manifests_subject ON registry_manifests (repository, subject);
      CREATE TABLE registry_tags (
        repository TEXT NOT NULL,
        tag TEXT NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (repository, tag)
      ) WITHOUT ROWID;
      CREATE INDEX registry_tags_of ON registry_tags (repository, digest);
      CREATE TABLE registry_uploads (
        id TEXT PRIMARY KEY,
        repository TEXT NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE registry_pointers (
        key TEXT PRIMARY KEY,
        digest TEXT NOT NULL,
        validated_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
    `
  },
  {
    owner: 'registry',
    version: 2,
    sql: `
      CREATE TABLE registry_packages (
        name TEXT PRIMARY KEY,
        revision INTEGER NOT NULL,
        digest TEXT NOT NULL,
        cid BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        stored_ms INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE registry_tarballs (
        package TEXT NOT NULL,
        file TEXT NOT NULL,
        digest TEXT NOT NULL,
        cid BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        stored_ms INTEGER NOT NULL,
        PRIMARY KEY (package, file)
      ) WITHOUT ROWID;
    `
  }
]

/** What was pushed or published here. */
export const registryReferences: readonly Reference[] = [
  'registry_blobs',
  'registry_manifests',
  'registry_packages',
  'registry_tarballs'
].map(table => cidBytesColumn(table))
