import { createReadStream, statSync } from 'node:fs'
import { globSource, unixfs } from '@helia/unixfs'
import { FsBlockstore } from 'blockstore-fs'
import { costOf } from './cost.ts'

/** The stock importer with the default profile's settings: `import-stock.ts SOURCE TARGET`. Prints cost and CID as JSON. */
const [source = '', target = ''] = process.argv.slice(2)
const profile = 'unixfs-v1-2025'
const blockstore = new FsBlockstore(target)
await blockstore.open()
const filesystem = unixfs({ blockstore })
let cid = ''
const cost = await costOf([], async () => {
  if (statSync(source).isFile()) {
    cid = String(await filesystem.addByteStream(createReadStream(source), { profile }))
    return
  }
  const found = globSource(source, '**/*') as Parameters<typeof filesystem.addAll>[0]
  const entries = filesystem.addAll(found, { profile, wrapWithDirectory: true })
  for await (const entry of entries) cid = String(entry.cid)
})
await blockstore.close()
console.log(JSON.stringify({ ...cost, cid }))
