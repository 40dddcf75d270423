import { writeSync } from 'node:fs'
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { openDatabase } from '../../src/base/database.ts'
import { WriteLock } from '../../src/base/write-lock.ts'

/** Counts in groups, says how far it is, and commits when it is time; as a process until it is killed. */
interface Orders {
  readonly path: string
  readonly lock: SharedArrayBuffer | undefined
  /** What was answered; whether to stop: 1 in order, 2 to wait without committing. */
  readonly shared: Int32Array
}

const { path, lock, shared } = isMainThread
  ? { path: process.argv[2]!, lock: undefined, shared: new Int32Array(2) }
  : (workerData as Orders)

const database = openDatabase(path, { writeLock: new WriteLock(lock), grouped: true })
while (Atomics.load(shared, 1) === 0) {
  const { n } = database.write(() =>
    database.statement('UPDATE counter SET n = n + 1, twin = twin + ? RETURNING n').get(1)
  ) as { n: number }
  Atomics.store(shared, 0, n)
  if (isMainThread) writeSync(1, `${n}\n`)
  if (database.due) database.settle()
}
if (Atomics.load(shared, 1) === 2) {
  parentPort?.postMessage(database.unsettled)
  setInterval(() => undefined, 1000)
} else database.close()
