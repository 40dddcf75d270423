import { Worker } from 'node:worker_threads'
import type { BlockWriter } from '../base/blocks.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { threadUrl } from '../base/thread.ts'
import type { StorePlace } from './api.ts'
import { doJob } from './do-job.ts'
import type {
  HashThreadData,
  Job,
  JobAnswer,
  JobMessage,
  JobResults,
  ReadingJob,
  ThreadMessage
} from './jobs.ts'

/** Jobs a thread has at once: while it answers one, the next is already there. */
const jobsPerThread = 2

export interface HashPoolOptions {
  readonly threads: number
  readonly caller: 'works' | 'waits'
  readonly background?: boolean | undefined
}

type Result<Kind extends Job['kind']> = JobResults[Kind]

/**
 * Hash threads, started when there is more to do than those that run can take. A job waits until a
 * thread is ready for it; the calling thread can `help`, always or as long as none is.
 */
export class HashPool {
  readonly #data: HashThreadData
  readonly #maxThreads: number
  readonly #caller: 'works' | 'waits'
  readonly #threads = new Set<Thread>()
  #waiting: WaitingJob[] = []
  #losses = 0
  #closed = false

  /** All options as in `IngestOptions`. */
  constructor(place: StorePlace, { threads, caller, background = false }: HashPoolOptions) {
    this.#data = { place, background }
    this.#maxThreads = caller === 'works' ? threads - 1 : threads
    this.#caller = caller
  }

  /** Runs a job on whichever thread is free. Throws what it threw, or `aborted` if the signal came before its turn. */
  run<Kind extends ReadingJob['kind']>(
    job: ReadingJob & { kind: Kind },
    signal?: AbortSignal
  ): Promise<Result<Kind>> {
    const { promise, resolve, reject } = Promise.withResolvers<Result<Kind>>()
    if (this.#closed) reject(closedError())
    else this.#waiting.push({ job, resolve: resolve as Resolve, reject, signal })
    this.#dispatch()
    return promise
  }

  /** Does one job that waits, if the caller works or no thread has got ready yet. Returns whether it did. */
  help(blocks: BlockWriter): boolean {
    const isUp = [...this.#threads].some(({ ready }) => ready)
    if (this.#caller === 'waits' && isUp) return false
    const next = this.#waiting.shift()
    if (next === undefined) return false
    try {
      if (next.signal?.aborted) throw next.signal.reason
      next.resolve(doJob(() => blocks, next.job))
    } catch (cause) {
      next.reject(toCairnError(cause))
    }
    return true
  }

  /** How many threads ended unasked with something stored and not flushed. */
  get losses(): number {
    return this.#losses
  }

  /**
   * What the threads added so far is readable, and with `durable` on disk. Throws `io` if there were
   * more `losses` than the caller's work began with: some of it may be gone with the thread.
   */
  async flush(durable: boolean, losses: number): Promise<void> {
    if (this.#losses !== losses) {
      const what = 'a hash thread ended and what it had stored is gone with it'
      throw new CairnError('io', `${what}: add it again`)
    }
    await Promise.all([...this.#threads].map(thread => thread.flush(durable)))
  }

  /** Drops jobs that wait, lets those under way end, and ends the threads. */
  async close(): Promise<void> {
    this.#closed = true
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(closedError())
    await Promise.all([...this.#threads].map(thread => thread.close()))
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#freeThread()
      if (thread === undefined) return
      const next = this.#waiting.shift()!
      if (next.signal?.aborted) next.reject(toCairnError(next.signal.reason))
      else
        thread
          .run(next.job)
          .then(next.resolve, next.reject)
          .finally(() => this.#dispatch())
    }
  }

  /** An idle one, else one that can take a job more while a new one starts. */
  #freeThread(): Thread | undefined {
    const byLoad = [...this.#threads].sort((a, b) => a.load - b.load)
    if (byLoad[0]?.load !== 0 && this.#threads.size < this.#maxThreads) this.#start()
    return byLoad.find(({ ready, load }) => ready && load < jobsPerThread)
  }

  #start(): void {
    const thread: Thread = new Thread(this.#data, {
      ready: () => this.#dispatch(),
      ended: failure => this.#lose(thread, failure)
    })
    this.#threads.add(thread)
  }

  /** Where a thread cannot even start, the next would not either: jobs that wait fail with it. */
  #lose(thread: Thread, failure: CairnError): void {
    this.#threads.delete(thread)
    if (thread.isDirty) this.#losses++
    const waiting = thread.ready ? [] : this.#waiting
    if (!thread.ready) this.#waiting = []
    for (const { reject } of waiting) reject(failure)
    this.#dispatch()
  }
}

interface ThreadEvents {
  readonly ready: () => void
  readonly ended: (failure: CairnError) => void
}

type Resolve = (result: JobResults[Job['kind']]) => void

interface WaitingJob {
  readonly job: ReadingJob
  readonly resolve: Resolve
  readonly reject: (error: CairnError) => void
  readonly signal: AbortSignal | undefined
}

class Thread {
  readonly #worker: Worker
  readonly #running = new Map<number, { resolve: Resolve; reject: (error: CairnError) => void }>()
  readonly #ended: Promise<void>
  #lastId = 0
  #flushedId = 0
  #ready = false
  #failure: CairnError | undefined

  constructor(workerData: HashThreadData, events: ThreadEvents) {
    this.#worker = new Worker(threadUrl('./hash-thread', import.meta.url), { workerData })
    this.#worker.on('message', (message: ThreadMessage) => {
      if (message !== 'ready') return this.#settle(message)
      this.#ready = true
      events.ready()
    })
    this.#worker.on('error', cause => {
      this.#failure = toCairnError(cause, 'a hash thread failed')
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ended = promise
    this.#worker.on('exit', () => {
      const failure = this.#failure ?? new CairnError('io', 'a hash thread ended unasked')
      for (const { reject } of this.#running.values()) reject(failure)
      this.#running.clear()
      events.ended(failure)
      resolve()
    })
  }

  /** True once it takes jobs. */
  get ready(): boolean {
    return this.#ready
  }

  get load(): number {
    return this.#running.size
  }

  /** True if it may hold something that no flush was asked to take. */
  get isDirty(): boolean {
    return this.#lastId > this.#flushedId
  }

  /** A thread that did nothing has nothing to flush. */
  async flush(durable: boolean): Promise<void> {
    if (this.#lastId === 0) return
    const id = this.#lastId + 1
    await this.run({ kind: 'flush', durable })
    this.#flushedId = id
  }

  run(job: Job): Promise<JobResults[Job['kind']]> {
    const { promise, resolve, reject } = Promise.withResolvers<JobResults[Job['kind']]>()
    const id = ++this.#lastId
    this.#running.set(id, { resolve, reject })
    const message: JobMessage = { id, job }
    this.#worker.postMessage(message)
    return promise
  }

  async close(): Promise<void> {
    try {
      if (this.#lastId > 0) await this.run({ kind: 'close' })
      else await this.#worker.terminate()
    } finally {
      await this.#ended
    }
  }

  #settle(answer: JobAnswer): void {
    const running = this.#running.get(answer.id)
    this.#running.delete(answer.id)
    if ('result' in answer) running?.resolve(answer.result)
    else running?.reject(new CairnError(answer.failure.code, answer.failure.message))
  }
}

function closedError(): CairnError {
  return new CairnError('aborted', 'the import was ended: Cairn is stopping')
}
