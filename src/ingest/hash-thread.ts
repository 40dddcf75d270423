import { parentPort, workerData } from 'node:worker_threads'
import { type Database, openDatabase } from '../base/database.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { Reserve } from '../base/reserve.ts'
import { yieldToOthers } from '../base/thread.ts'
import { WriteLock } from '../base/write-lock.ts'
import type { BlockStore } from '../store/api.ts'
import { openBlockStore } from '../store/open.ts'
import type { StorePlace } from './api.ts'
import { doJob } from './do-job.ts'
import type {
  HashThreadData,
  Job,
  JobAnswer,
  JobMessage,
  JobResults,
  ThreadMessage
} from './jobs.ts'

/** The worker's entry: reads files, hashes and appends to a segment of its own, one job after another. */
class HashThread {
  readonly #place: StorePlace
  #opened: { readonly database: Database; readonly store: BlockStore } | undefined

  constructor(place: StorePlace) {
    this.#place = place
  }

  do(job: Job): JobResults[Job['kind']] {
    switch (job.kind) {
      case 'files':
      case 'stripe':
        return doJob(() => this.#store(), job)
      case 'flush':
        this.#opened?.store.flush({ durable: job.durable })
        return undefined
      case 'close':
        return this.#close()
    }
  }

  #store(): BlockStore {
    this.#opened ??= open(this.#place)
    return this.#opened.store
  }

  #close(): undefined {
    const opened = this.#opened
    this.#opened = undefined
    try {
      opened?.store.close()
    } finally {
      opened?.database.close()
    }
  }
}

function open({ database: path, segments, writeLock, checkpoints }: StorePlace) {
  const database = openDatabase(path, {
    ...(writeLock === undefined ? {} : { writeLock: new WriteLock(writeLock) }),
    ...(checkpoints === undefined ? {} : { checkpoints })
  })
  try {
    return {
      database,
      store: openBlockStore({ segments, database, reserve: new Reserve(segments) })
    }
  } catch (cause) {
    database.close()
    throw cause
  }
}

function serve(): void {
  const port = parentPort
  if (port === null) throw new CairnError('usage', 'hash-thread runs as a worker thread only')
  const { place, background } = workerData as HashThreadData
  if (background) yieldToOthers()
  const thread = new HashThread(place)
  const send = (message: ThreadMessage): void => port.postMessage(message)
  port.on('message', ({ id, job }: JobMessage) => {
    send(answer(thread, id, job))
    if (job.kind === 'close') port.close()
  })
  send('ready')
}

function answer(thread: HashThread, id: number, job: Job): JobAnswer {
  try {
    return { id, result: thread.do(job) }
  } catch (cause) {
    const { code, message } = toCairnError(cause)
    return { id, failure: { code, message } }
  }
}

serve()
