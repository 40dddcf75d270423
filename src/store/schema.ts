import type { Migration } from '../base/migrations.ts'

/**
 * `segments`: `id` names the file and holds its birth (see segment-files.ts); the index speaks for
 * its first `bytes`, of which the first `synced` survive a power cut; what lies between was written
 * while the machine ran as `boot`. An `active` one may grow, a `finished` one never.
 *
 * `blocks`: where the bytes (not the record) of each block lie. `generation` is the store's when the
 * block was last written or relied on: a collection that first adds one to the store's generation
 * and then drops only rows of an older one can take nothing that a writer still counts on.
 *
 * `store_barrier`: references written while a collection runs, see collect/write-barrier.ts.
 */
export const storeMigrations: readonly Migration[] = [
  {
    owner: 'store',
    version: 1,
    sql: `
      CREATE TABLE segments (
        id INTEGER PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('active', 'finished')),
        bytes INTEGER NOT NULL,
        synced INTEGER NOT NULL,
        boot TEXT NOT NULL
      );
      CREATE TABLE blocks (
        multihash BLOB PRIMARY KEY,
        segment INTEGER NOT NULL,
        offset INTEGER NOT NULL,
        length INTEGER NOT NULL,
        generation INTEGER NOT NULL
      ) WITHOUT ROWID;
      CREATE TABLE store (generation INTEGER NOT NULL);
      INSERT INTO store VALUES (1);`
  },
  {
    owner: 'store',
    version: 2,
    sql: `
      CREATE TABLE store_barrier (
        id INTEGER PRIMARY KEY,
        reference INTEGER NOT NULL,
        value,
        codec INTEGER
      );`
  }
]

/** The blocks table as its latest version is, under the name it has while a rebuild fills it. */
export const rebuiltTable = `
  CREATE TABLE blocks_rebuilt (
    multihash BLOB PRIMARY KEY,
    segment INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    generation INTEGER NOT NULL
  ) WITHOUT ROWID`
