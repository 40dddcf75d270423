import { Worker } from 'node:worker_threads'
import { CairnError, toCairnError } from '../../src/base/errors.ts'
import { threadUrl } from '../../src/base/thread.ts'
import type { Learned } from '../../src/pull/adapter.ts'
import {
  type DocumentAnswer,
  type DocumentJob,
  type DocumentWork,
  doDocumentJob
} from './document-job.ts'
import type { Publication } from './read-publication.ts'
import type { Writing } from './write-packument.ts'

/**
 * Reads and writes packuments. Parsing the longest takes a good part of a second, so those that are not short are
 * given to a thread, which is there only while there is work.
 */
export interface Documents {
  /** As `writePackument`. The bytes' memory may be taken: they are read once. */
  write: (writing: Writing, bytes: Uint8Array) => Promise<Uint8Array>
  /** As `readDigests`. */
  digests: (prefix: string, name: string, bytes: Uint8Array) => Promise<readonly Learned[]>
  /** As `readPublication`. */
  publication: (name: string, bytes: Uint8Array) => Promise<Publication>
  close: () => Promise<void>
}

/** Below that, handing over costs more than parsing. */
const inlineBytes = 32 * 1024
const idleThreadMs = 10_000
/** The thread's new values: by default they keep some 30 MB more for as long as it is there. */
const resourceLimits = { maxYoungGenerationSizeMb: 8 }

export function openDocuments(): Documents {
  return new ThreadDocuments()
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: CairnError) => void
}

class ThreadDocuments implements Documents {
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  #idle: NodeJS.Timeout | undefined
  #nextId = 1
  #closed = false

  async write(writing: Writing, bytes: Uint8Array): Promise<Uint8Array> {
    return (await this.#run({ kind: 'write', writing, bytes })) as Uint8Array
  }

  async digests(prefix: string, name: string, bytes: Uint8Array): Promise<readonly Learned[]> {
    return (await this.#run({ kind: 'digests', prefix, name, bytes })) as Learned[]
  }

  async publication(name: string, bytes: Uint8Array): Promise<Publication> {
    return (await this.#run({ kind: 'publication', name, bytes })) as Publication
  }

  async #run(work: DocumentWork): Promise<unknown> {
    if (work.bytes.length < inlineBytes) return doDocumentJob(work).result
    if (this.#closed) throw new CairnError('aborted', 'Cairn is stopping')
    clearTimeout(this.#idle)
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const id = this.#nextId++
    this.#waiting.set(id, { resolve, reject })
    this.#worker ??= this.#start()
    const job: DocumentJob = { id, work }
    this.#worker.postMessage(job, transferable(work.bytes))
    return await promise
  }

  #start(): Worker {
    const worker = new Worker(threadUrl('./document-thread', import.meta.url), { resourceLimits })
    worker.unref()
    worker.on('message', (answer: DocumentAnswer) => this.#settle(answer))
    worker.on('error', error => this.#lose(worker, toCairnError(error)))
    worker.on('exit', () => this.#lose(worker, new CairnError('io', 'a thread ended')))
    return worker
  }

  #settle({ id, result, error }: DocumentAnswer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new CairnError(error.code, error.message))
    if (this.#waiting.size > 0) return
    this.#idle = setTimeout(() => void this.#end(), idleThreadMs).unref()
  }

  /** What waits fails with it: one of them was more than the thread's memory takes. */
  #lose(worker: Worker, cause: CairnError): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    const message = `a packument could not be read: ${cause.message}`
    for (const { reject } of this.#waiting.values()) {
      reject(new CairnError(cause.code, message, { cause }))
    }
    this.#waiting.clear()
  }

  async #end(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#idle)
    const worker = this.#worker
    if (worker !== undefined) this.#lose(worker, new CairnError('aborted', 'Cairn is stopping'))
    await worker?.terminate()
  }
}

/** Memory that is all of the bytes' own moves to the thread; else it is copied. */
function transferable(bytes: Uint8Array): ArrayBuffer[] {
  const { buffer } = bytes
  return buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length ? [buffer] : []
}
