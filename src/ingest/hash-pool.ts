import { Worker } from 'node:worker_threads'
import { CairnError, toCairnError } from '../base/errors.ts'
import { threadUrl } from '../base/thread.ts'
import type { StorePlace } from './api.ts'
import type { Job, JobAnswer, JobMessage, JobResults } from './jobs.ts'

/** Jobs a thread has at once: while it answers one, the next is already there. */
const jobsPerThread = 2

type Result<Kind extends Job['kind']> = JobResults[Kind]

/** Hash threads, started when there is more to do than those that run can take. */
export class HashPool {
  readonly #place: StorePlace
  readonly #maxThreads: number
  readonly #threads = new Set<Thread>()
  #waiting: WaitingJob[] = []
  #closed = false

  constructor(place: StorePlace, maxThreads: number) {
    this.#place = place
    this.#maxThreads = maxThreads
  }

  get threads(): number {
    return this.#threads.size
  }

  /** Runs a job on whichever thread is free. Throws what it threw, or `aborted` if the signal came before its turn. */
  run<Kind extends 'files' | 'stripe'>(
    job: Job & { kind: Kind },
    signal?: AbortSignal
  ): Promise<Result<Kind>> {
    const { promise, resolve, reject } = Promise.withResolvers<Result<Kind>>()
    if (this.#closed) reject(closedError())
    else this.#waiting.push({ job, resolve: resolve as Resolve, reject, signal })
    this.#dispatch()
    return promise
  }

  /** What the threads added so far is readable, and with `durable` on disk. */
  async flush(durable: boolean): Promise<void> {
    await Promise.all([...this.#threads].map(thread => thread.run({ kind: 'flush', durable })))
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

  /** An idle one, else a new one, else one that can take a job more. */
  #freeThread(): Thread | undefined {
    const byLoad = [...this.#threads].sort((a, b) => a.load - b.load)
    const least = byLoad[0]
    if (least?.load === 0) return least
    if (this.#threads.size < this.#maxThreads) return this.#start()
    return least !== undefined && least.load < jobsPerThread ? least : undefined
  }

  #start(): Thread {
    const thread: Thread = new Thread(this.#place, () => this.#threads.delete(thread))
    this.#threads.add(thread)
    return thread
  }
}

type Resolve = (result: JobResults[Job['kind']]) => void

interface WaitingJob {
  readonly job: Job
  readonly resolve: Resolve
  readonly reject: (error: CairnError) => void
  readonly signal: AbortSignal | undefined
}

class Thread {
  readonly #worker: Worker
  readonly #running = new Map<number, { resolve: Resolve; reject: (error: CairnError) => void }>()
  readonly #ended: Promise<void>
  #lastId = 0
  #failure: CairnError | undefined

  constructor(place: StorePlace, whenEnded: () => void) {
    this.#worker = new Worker(threadUrl('./hash-thread', import.meta.url), { workerData: place })
    this.#worker.on('message', (answer: JobAnswer) => this.#settle(answer))
    this.#worker.on('error', cause => {
      this.#failure = toCairnError(cause, 'a hash thread failed')
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ended = promise
    this.#worker.on('exit', () => {
      whenEnded()
      const failure = this.#failure ?? new CairnError('io', 'a hash thread ended unasked')
      for (const { reject } of this.#running.values()) reject(failure)
      this.#running.clear()
      resolve()
    })
  }

  get load(): number {
    return this.#running.size
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
      await this.run({ kind: 'close' })
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
