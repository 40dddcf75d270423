import { parentPort, workerData } from 'node:worker_threads'
import { toCairnError } from '../base/errors.ts'
import { WriteLock } from '../base/write-lock.ts'
import { openContent, openMfsOf } from './content.ts'
import type { UpkeepAnswer, UpkeepOrder, UpkeepThreadData, UpkeepWork } from './upkeep.ts'

/**
 * The entry of the thread that does what takes long and nobody waits for: seals /mfs and folds the
 * write-ahead log back. One order at a time; `abort` reaches a seal between two pieces of its work.
 */
const { home, writeLock, mfs: mfsOptions } = workerData as UpkeepThreadData
const port = parentPort
if (port === null) throw new Error('upkeep-thread.ts is a thread of the daemon')

const content = openContent(home, {
  writeLock: new WriteLock(writeLock),
  checkpoints: 'background'
})
const mfs = openMfsOf(content, mfsOptions)
const current = { abort: new AbortController() }
let queue: Promise<void> = Promise.resolve()

port.on('message', (order: UpkeepOrder) => {
  if (order.kind === 'abort') {
    current.abort.abort()
    return
  }
  queue = queue.then(() => (order.kind === 'end' ? end() : obey(order)))
})

async function obey(order: UpkeepWork): Promise<void> {
  current.abort = new AbortController()
  try {
    const cid = await run(order, current.abort.signal)
    answer({ id: order.id, cid })
  } catch (cause) {
    const { code, message } = toCairnError(cause)
    answer({ id: order.id, error: { code, message } })
  }
}

async function run(order: UpkeepWork, signal: AbortSignal): Promise<string | undefined> {
  if (order.kind === 'seal') {
    return (await mfs.snapshot(order.reason, { signal })).cid.toString()
  }
  content.database.checkpoint()
  return undefined
}

function end(): void {
  mfs.close()
  content.close()
  port?.close()
}

function answer(message: UpkeepAnswer): void {
  port?.postMessage(message)
}
