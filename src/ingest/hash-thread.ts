import { parentPort, workerData } from 'node:worker_threads'
import type { BlockWriter } from '../base/blocks.ts'
import { type Database, openDatabase } from '../base/database.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { WriteLock } from '../base/write-lock.ts'
import type { BlockStore } from '../store/api.ts'
import { openBlockStore } from '../store/open.ts'
import { profiles } from '../unixfs/profiles.ts'
import { addFile, addStripe } from './add-file.ts'
import type { StorePlace } from './api.ts'
import type { Job, JobAnswer, JobMessage, JobResults, JobSettings } from './jobs.ts'
import { hashingBlocks } from './only-hash.ts'

/** The worker's entry: reads files, hashes and appends to a segment of its own, one job after another. */
class HashThread {
  readonly #place: StorePlace
  #opened: { readonly database: Database; readonly store: BlockStore } | undefined

  constructor(place: StorePlace) {
    this.#place = place
  }

  do(job: Job): JobResults[Job['kind']] {
    switch (job.kind) {
      case 'files': {
        const { settings, paths, maxBytes } = job
        const { metadata, cancelled } = settings
        const how = { profile: profiles[settings.profile], metadata, maxBytes, cancelled }
        const blocks = this.#blocks(settings)
        return paths.map(path => addFile(blocks, path, how))
      }
      case 'stripe':
        return addStripe(this.#blocks(job.settings), profiles[job.settings.profile], job.stripe)
      case 'flush':
        this.#opened?.store.flush({ durable: job.durable })
        return undefined
      case 'close':
        return this.#close()
    }
  }

  #blocks({ onlyHash }: JobSettings): BlockWriter {
    if (onlyHash) return hashingBlocks
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
    return { database, store: openBlockStore({ segments, database }) }
  } catch (cause) {
    database.close()
    throw cause
  }
}

function serve(): void {
  const port = parentPort
  if (port === null) throw new CairnError('usage', 'hash-thread runs as a worker thread only')
  const thread = new HashThread(workerData as StorePlace)
  port.on('message', ({ id, job }: JobMessage) => {
    port.postMessage(answer(thread, id, job))
    if (job.kind === 'close') port.close()
  })
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
