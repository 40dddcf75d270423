import { mkdirSync } from 'node:fs'
import { openDatabase } from '../../src/base/database.ts'
import { homePaths } from '../../src/base/home.ts'
import { WriteLock } from '../../src/base/write-lock.ts'
import { openIngest } from '../../src/ingest/open.ts'
import { openBlockStore } from '../../src/store/open.ts'
import { storeMigrations } from '../../src/store/schema.ts'
import { costOf } from './cost.ts'

/** Cairn's importer into a new home: `import-cairn.ts SOURCE TARGET`. Prints cost and CID as JSON. */
const [source = '', target = ''] = process.argv.slice(2)
const paths = homePaths(target)
mkdirSync(paths.segments)
const writeLock = new WriteLock()
const database = openDatabase(paths.database, { migrations: storeMigrations, writeLock })
const store = openBlockStore({ segments: paths.segments, database })
const ingest = openIngest({
  blocks: store,
  store: {
    database: paths.database,
    segments: paths.segments,
    writeLock: writeLock.memory
  }
})
let cid = ''
const cost = await costOf([], async () => {
  const imported = await ingest.importPath(source, { profile: 'unixfs-v1-2025', metadata: false })
  cid = String(imported.cid)
})
await ingest.close()
store.close()
database.close()
console.log(JSON.stringify({ ...cost, cid }))
