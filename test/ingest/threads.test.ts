import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { codec } from '../../src/base/blocks.ts'
import type { ImportOptions } from '../../src/ingest/api.ts'
import { openIngest } from '../../src/ingest/open.ts'
import { profileNames } from '../../src/unixfs/api.ts'
import { makeFolder, makeTree, openIngestHome, scratch } from '../lib/ingest-home.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

const plain: ImportOptions = { profile: 'unixfs-v1-2025', metadata: false }

t.test('threads never change a CID, however many and whoever works', async t => {
  const folder = scratch(t)
  makeTree(folder)
  for (const profile of profileNames) {
    for (const metadata of [false, true]) {
      const options = { profile, metadata }
      const alone = openIngest({ blocks: memoryBlocks() })
      const expected = await alone.importPath(folder, options)
      t.match(expected, { files: 902, symlinks: 1, directories: 30, warnings: [] })
      for (const [threads, caller] of [
        [1, 'waits'],
        [2, 'works'],
        [3, 'waits']
      ] as const) {
        const home = openIngestHome(threads, makeFolder(), caller)
        const imported = await home.ingest.importPath(folder, options)
        t.equal(imported.cid.toString(), expected.cid.toString())
        t.equal(imported.bytes, expected.bytes)
        const walked = [...home.reader.walk(imported.cid)]
        t.ok(walked.length > 900, 'every block of it is in the store')
        await home.close()
      }
    }
  }
})

t.test('an abort ends an import and its threads, and nothing hangs', async t => {
  const folder = scratch(t)
  makeTree(folder)
  for (const profile of ['unixfs-v1-2025', 'fastcdc'] as const) {
    const home = openIngestHome(2)
    const controller = new AbortController()
    const importing = home.ingest.importPath(folder, {
      profile,
      metadata: false,
      signal: controller.signal,
      onProgress: ({ files }) => {
        if (files === 600) controller.abort()
      }
    })
    await t.rejects(importing, { code: 'aborted' })
    const again = await home.ingest.importPath(folder, { profile, metadata: false })
    t.equal(again.files, 902, 'the next import is not harmed')
    await home.close()
  }
  const home = openIngestHome(2)
  const signal = AbortSignal.abort()
  await t.rejects(home.ingest.importPath(folder, { ...plain, signal }), { code: 'aborted' })
  await home.close()
})

t.test('close ends an import under way', async t => {
  const folder = scratch(t)
  makeTree(folder)
  const home = openIngestHome(2)
  const importing = home.ingest.importPath(folder, plain)
  const rejected = t.rejects(importing, { code: 'aborted' })
  await home.close()
  await rejected
  await t.rejects(home.ingest.importPath(folder, plain), { code: 'aborted' })
})

t.test('a failure in a hash thread is the failure of the import', async t => {
  const folder = scratch(t)
  makeTree(folder)
  const blocks = memoryBlocks()
  const database = join(folder, 'no', 'such', 'place.db')
  const store = { database, segments: join(folder, 'segments') }
  const ingest = openIngest({ blocks, store, threads: 2 })
  // The calling thread helps until threads are up: that may be after the first imports.
  const importUntilThreadsDo = async (): Promise<void> => {
    for (let count = 0; count < 100; count++) await ingest.importPath(folder, plain)
  }
  await t.rejects(importUntilThreadsDo(), { message: /place\.db/ })
  await ingest.close()
})

t.test('an import that is killed leaves a store in which the next one succeeds', async t => {
  const folder = scratch(t)
  makeTree(folder)
  const expected = await openIngest({ blocks: memoryBlocks() }).importPath(folder, plain)
  const place = makeFolder()
  const script = `
    import { openIngestHome } from ${JSON.stringify(new URL('../lib/ingest-home.ts', import.meta.url).href)}
    const home = openIngestHome(2, ${JSON.stringify(place)})
    await home.ingest.importPath(${JSON.stringify(folder)}, {
      profile: 'unixfs-v1-2025',
      metadata: false,
      onProgress: ({ files }) => { if (files === 700) process.kill(process.pid, 'SIGKILL') }
    })`
  const program = join(scratch(t), 'import.mjs')
  writeFileSync(program, script)
  const child = spawn(process.execPath, [program], { stdio: 'ignore' })
  const [, signal] = await once(child, 'exit')
  t.equal(signal, 'SIGKILL')
  const home = openIngestHome(2, place)
  const imported = await home.ingest.importPath(folder, plain)
  t.equal(imported.cid.toString(), expected.cid.toString())
  for (const { codec: code, multihash } of home.reader.walk(imported.cid)) {
    if (code === codec.raw) home.store.read(multihash)
  }
  await home.close()
})
