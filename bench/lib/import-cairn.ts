import { mkdirSync } from 'node:fs'
import { costOf } from './cost.ts'

/** The built importer of Cairn into a new home: `import-cairn.ts SOURCE TARGET`. Prints cost and CID as JSON. */
const [source = '', target = ''] = process.argv.slice(2)
const built = new URL('../../dist/src/', import.meta.url)
const load = (module: string) => import(new URL(module, built).href)
const { openDatabase } = (await load(
  'base/database.js'
)) as typeof import('../../src/base/database.ts')
const { homePaths } = (await load('base/home.js')) as typeof import('../../src/base/home.ts')
const { WriteLock } = (await load(
  'base/write-lock.js'
)) as typeof import('../../src/base/write-lock.ts')
const { openIngest } = (await load('ingest/open.js')) as typeof import('../../src/ingest/open.ts')
const { openBlockStore } = (await load('store/open.js')) as typeof import('../../src/store/open.ts')
const { storeMigrations } = (await load(
  'store/schema.js'
)) as typeof import('../../src/store/schema.ts')

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
