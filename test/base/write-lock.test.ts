import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { openDatabase } from '../../src/base/database.ts'
import { WriteLock } from '../../src/base/write-lock.ts'

const thread = new URL('./write-lock-thread.ts', import.meta.url)

t.test(
  'threads that contend for the lock are in it one at a time, and none is left asleep',
  async t => {
    const lock = new WriteLock()
    const shared = new Int32Array(new SharedArrayBuffer(8))
    const threads = [1, 2, 3, 4].map(
      () =>
        new Worker(thread, {
          workerData: { task: 'count', lock: lock.memory, shared, times: 20_000 }
        })
    )
    for (let count = 0; count < 20_000; count++) {
      lock.acquire()
      shared[0] = shared[0]! + 1
      lock.release()
    }
    await Promise.all(threads.map(worker => once(worker, 'exit')))
    t.equal(shared[0], 100_000, 'an addition that is not atomic lost nothing')
  }
)

t.test(
  'a thread that was ended while it held the lock delays the next, and blocks nobody',
  async t => {
    const lock = new WriteLock(undefined, 50)
    const worker = new Worker(thread, { workerData: { task: 'hold', lock: lock.memory } })
    await once(worker, 'message')
    await worker.terminate()
    lock.acquire()
    lock.release()
    t.equal(new Int32Array(lock.memory)[0], 0, 'it is free again')
  }
)

t.test('threads and their connections write one database through the lock', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-lock-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'cairn.db')
  const lock = new WriteLock()
  const database = openDatabase(path, { writeLock: lock })
  database.statement('CREATE TABLE counter (n INTEGER)').run()
  database.statement('INSERT INTO counter VALUES (0)').run()
  const threads = [1, 2, 3].map(
    () => new Worker(thread, { workerData: { task: 'write', lock: lock.memory, path, times: 500 } })
  )
  const exits = await Promise.all(threads.map(worker => once(worker, 'exit')))
  t.same(exits, [[0], [0], [0]])
  t.same(database.statement('SELECT n FROM counter').get(), { n: 1500 })
  t.throws(() => database.write(() => database.statement('no such thing')))
  t.equal(new Int32Array(lock.memory)[0], 0, 'a write that throws lets go of it')
  database.close()
})
