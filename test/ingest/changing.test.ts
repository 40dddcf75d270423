import { readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Worker } from 'node:worker_threads'
import t from 'tap'
import type { BlockWriter } from '../../src/base/blocks.ts'
import type { ImportOptions } from '../../src/ingest/api.ts'
import { HashPool } from '../../src/ingest/hash-pool.ts'
import { hashingBlocks } from '../../src/ingest/only-hash.ts'
import { openIngest } from '../../src/ingest/open.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { openIngestHome, scratch } from '../lib/ingest-home.ts'
import { memoryBlocks } from '../lib/memory-blocks.ts'

/** Imports of what changes, of what is no usual file, and with threads that die. */

const plain: ImportOptions = { profile: 'unixfs-v1-2025', metadata: false }
const MiB = 1024 * 1024

t.test('a file that is replaced while it is read is not put together of both', async t => {
  const folder = scratch(t)
  const [path, other] = [join(folder, 'image'), join(folder, 'other')]
  writeFileSync(path, seededBytes(20 * MiB, 'first'))
  writeFileSync(other, seededBytes(20 * MiB, 'second'))
  for (const name of [path, other]) utimesSync(name, 1, 1)
  let added = 0
  const blocks: BlockWriter = {
    ...hashingBlocks,
    add: (bytes, code) => {
      if (++added === 3) renameSync(other, path)
      return hashingBlocks.add(bytes, code)
    }
  }
  const importing = openIngest({ blocks }).importPath(path, plain)
  await t.rejects(importing, { code: 'conflict', message: /image changed while/ })
})

t.test('a file that says it is empty and is not, as those of /proc, is taken in whole', async t => {
  const path = '/proc/version'
  t.equal(statSync(path).size, 0)
  const blocks = memoryBlocks()
  for (const profile of ['unixfs-v1-2025', 'unixfs-v0-2015', 'fastcdc'] as const) {
    const { cid, bytes } = await openIngest({ blocks }).importPath(path, { ...plain, profile })
    const target = Buffer.alloc(bytes)
    openUnixfsReader(blocks).readFile(cid.code, cid.multihash.bytes, target, 0)
    t.equal(target.toString(), readFileSync(path, 'utf8'))
  }
})

t.test(
  'a thread that dies takes along what it stored, and whoever counts on that is told',
  async t => {
    const folder = scratch(t)
    writeFileSync(join(folder, 'file'), 'x')
    const home = openIngestHome(1)
    const workers: Worker[] = []
    const remember = (worker: Worker): number => workers.push(worker)
    process.on('worker', remember)
    t.teardown(() => process.off('worker', remember))
    const { path } = home.database
    const pool = new HashPool(
      { database: path, segments: join(home.folder, 'segments') },
      { threads: 1, caller: 'waits' }
    )
    const cancelled = new SharedArrayBuffer(4)
    const job = {
      kind: 'files',
      settings: { profile: 'unixfs-v1-2025', metadata: false, onlyHash: false, cancelled },
      paths: [join(folder, 'file')],
      maxBytes: undefined
    } as const
    const before = pool.losses
    await pool.run(job)
    await workers[0]!.terminate()
    const expected = { code: 'io', message: /a hash thread ended.*add it again/ } as const
    await t.rejects(pool.flush(false, before), expected)
    const after = pool.losses
    const [outcome] = await pool.run(job)
    await pool.flush(false, after)
    await workers[1]!.terminate()
    await pool.flush(false, after)
    t.equal(home.store.size(outcome!.node!.multihash), 1, 'what was flushed is not lost with it')
    await pool.close()
    await home.close()
  }
)

t.test('an import that is over is forgotten, by a signal that lives on too', async t => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const ingest = openIngest({ blocks: hashingBlocks })
  const { signal } = new AbortController()
  const runOne = async (): Promise<WeakRef<object>> => {
    const options = { ...plain, signal, onProgress: () => undefined }
    const pieces = (async function* () {
      yield Buffer.from('x')
    })()
    await ingest.importStream(pieces, options)
    return new WeakRef(options.onProgress)
  }
  const over = await runOne()
  for (let count = 0; count < 10; count++) await runOne()
  for (let turn = 0; turn < 50 && over.deref() !== undefined; turn++) {
    await setImmediate()
    collect()
  }
  t.equal(over.deref(), undefined)
  await ingest.close()
})
