import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openDatabase } from '../../src/base/database.ts'
import { homeReferences } from '../../src/daemon/collect.ts'
import { homeMigrations } from '../../src/daemon/content.ts'

/** Columns that could name content by their name or type, and do not. */
const exempt: Readonly<Record<string, string>> = {
  'blocks.multihash': 'the index itself',
  'store_barrier.value': 'what the references wrote while a collection runs',
  'mfs_shards.multihash': 'remembers counts of shards that inodes and ranges name',
  'mfs_shards.ends': 'counts',
  'mfs_sharded.multihash': 'only counts while it is what its inode names',
  'mfs_changed_names.name': 'a name',
  'mfs_small_drafts.bytes': 'the bytes of a file being written',
  'dentries.name': 'a name',
  'inodes.target': 'where a symlink leads: a path',
  'xattrs.value': 'a value',
  'access_users.root': 'a path in /mfs',
  'access_tokens.hash': 'of a secret',
  'name_keys.sealed': 'a private key',
  'name_records.record': 'its content is a row of roots too',
  'name_heads.record': 'of another machine: its content is not taken',
  'name_visits.cid': 'looked into for once: fetched again if need be'
}

/** A type of none or BLOB may hold a CID; a text may where its name says so. */
const suspicious = /cid$|hash|kept|archive|root$|dag$/i

t.test('every column that may name content is a reference of collection, or says why not', t => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-references-'))
  const database = openDatabase(join(folder, 'cairn.db'), { migrations: homeMigrations })
  t.teardown(() => {
    database.close()
    rmSync(folder, { recursive: true })
  })
  const columns = database
    .statement(
      `SELECT m.name AS tab, c.name AS col, c.type AS type FROM sqlite_schema m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`
    )
    .all() as unknown as Array<{ tab: string; col: string; type: string }>
  const named = new Set(homeReferences.map(({ table, column }) => `${table}.${column}`))
  const all = new Set(columns.map(({ tab, col }) => `${tab}.${col}`))
  t.ok(columns.length > 50, `${columns.length} columns were looked at`)
  for (const { tab, col, type } of columns) {
    if (type !== 'BLOB' && type !== '' && !suspicious.test(col)) continue
    const column = `${tab}.${col}`
    t.ok(named.has(column) || exempt[column] !== undefined, column)
  }
  for (const column of [...named, ...Object.keys(exempt)]) {
    t.ok(all.has(column), `${column} is a column`)
  }
  t.end()
})
