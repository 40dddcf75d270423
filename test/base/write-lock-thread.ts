import { parentPort, workerData } from 'node:worker_threads'
import { openDatabase } from '../../src/base/database.ts'
import { WriteLock } from '../../src/base/write-lock.ts'

/** What a thread does with a lock that it shares with others. */
const {
  task,
  lock: memory,
  shared,
  times,
  path
} = workerData as {
  task: 'count' | 'hold' | 'write'
  lock: SharedArrayBuffer
  shared: Int32Array
  times: number
  path: string
}
const lock = new WriteLock(memory)

if (task === 'hold') {
  lock.acquire()
  parentPort?.postMessage('held')
  setInterval(() => undefined, 1000)
} else if (task === 'count') {
  for (let count = 0; count < times; count++) {
    lock.acquire()
    shared[0] = shared[0]! + 1
    lock.release()
  }
} else {
  const database = openDatabase(path, { writeLock: lock })
  for (let count = 0; count < times; count++) {
    database.write(() => {
      const row = database.statement('SELECT n FROM counter').get() as { n: number }
      database.statement('UPDATE counter SET n = ?').run(row.n + 1)
    })
  }
  database.close()
}
