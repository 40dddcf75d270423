import type { Database } from '../../base/database.ts'
import type { ShardCounts } from '../../unixfs/api.ts'

/** Counts of shards as rows: numbers of 32 bits, low byte first. */
export function shardCountsIn(database: Database): ShardCounts {
  return {
    get: multihash => {
      const row = database
        .statement('SELECT ends FROM mfs_shards WHERE multihash = ?')
        .get(multihash) as { ends: Uint8Array } | undefined
      return row === undefined ? undefined : new Uint32Array(Uint8Array.from(row.ends).buffer)
    },
    add: shards => {
      // Within a transaction that only reads they are counted again another time.
      if (database.transaction === 'read') return
      database.write(() => {
        const insert = database.statement('INSERT OR IGNORE INTO mfs_shards VALUES (?, ?)')
        for (const { multihash, ends } of shards) {
          insert.run(multihash, new Uint8Array(ends.buffer, ends.byteOffset, ends.byteLength))
        }
      })
    }
  }
}
