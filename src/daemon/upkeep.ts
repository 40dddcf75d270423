import { stat } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../base/clock.ts'
import { CairnError, type ErrorCode, toCairnError } from '../base/errors.ts'
import { homePaths } from '../base/home.ts'
import { limits } from '../base/limits.ts'
import type { Name } from '../base/names.ts'
import { threadUrl } from '../base/thread.ts'
import type { Mfs } from '../vfs/mfs/api.ts'
import type { OpenMfsOptions } from './content.ts'
import type { Log } from './logger.ts'
import { SealSchedule } from './seal-schedule.ts'

export interface UpkeepThreadData {
  readonly home: string
  readonly writeLock: SharedArrayBuffer
  readonly mfs: OpenMfsOptions
}

/** Answered once it is done. */
export type UpkeepWork =
  | { readonly kind: 'seal'; readonly id: number; readonly reason: string }
  | { readonly kind: 'checkpoint'; readonly id: number }

export type UpkeepOrder = UpkeepWork | { readonly kind: 'abort' } | { readonly kind: 'end' }

export interface UpkeepAnswer {
  readonly id: number
  readonly cid?: string | undefined
  readonly error?: { readonly code: ErrorCode; readonly message: string }
}

export interface UpkeepOptions {
  readonly home: string
  readonly writeLock: SharedArrayBuffer
  /** The main thread's instance, to see whether there is something to seal. */
  readonly mfs: Pick<Mfs, 'isDirty'>
  readonly mfsOptions: OpenMfsOptions
  readonly clock: Clock
  readonly log: Log
}

/** Work in the background. Its thread is there only while there is work. */
export interface Upkeep {
  /** Seals /mfs and returns its root's CID. Throws as `Mfs.snapshot`. */
  seal: (reason: string, signal?: AbortSignal) => Promise<string>
  /**
   * From now on looks every second what is to be done. `writes` grows with every write to /mfs: how idleness is seen.
   * `published`: paths of it that others follow, looked after more often.
   */
  begin: (writes: () => number, published: () => ReadonlyArray<readonly Name[]>) => void
  /** Seals what is not sealed until `signal` aborts, which stops other work as well, and ends the thread. */
  finish: (signal: AbortSignal) => Promise<void>
}

const tickMs = 1_000
/** Two looks find a rest of 250 ms: it costs a look at some counters. */
const followersTickMs = 125
/** A thread without work costs memory; one that is ended costs its start, some 50 ms. */
const idleThreadMs = 20_000

export function openUpkeep(options: UpkeepOptions): Upkeep {
  return new BackgroundUpkeep(options)
}

type Waiting = { resolve: (cid: string | undefined) => void; reject: (error: CairnError) => void }

class BackgroundUpkeep implements Upkeep {
  readonly #options: UpkeepOptions
  readonly #waiting = new Map<number, Waiting>()
  #worker: Worker | undefined
  readonly #timers: NodeJS.Timeout[] = []
  #nextId = 1
  #ticking = false
  #usedMs: number
  #foldedMs = 0
  readonly #schedule: SealSchedule

  constructor(options: UpkeepOptions) {
    this.#options = options
    this.#usedMs = options.clock.nowMs()
    this.#schedule = new SealSchedule(options.clock.nowMs())
  }

  begin(writes: () => number, published: () => ReadonlyArray<readonly Name[]>): void {
    const every = (ms: number, work: () => Promise<void>) =>
      this.#timers.push(setInterval(() => void this.#tick(work), ms).unref())
    every(tickMs, () => this.#work(writes()))
    every(followersTickMs, () => this.#workForFollowers(writes(), published))
  }

  async seal(reason: string, signal?: AbortSignal): Promise<string> {
    const abort = () => sendAbort(this.#worker)
    signal?.throwIfAborted()
    signal?.addEventListener('abort', abort)
    try {
      const cid = await this.#order(id => ({ kind: 'seal', id, reason }))
      if (cid === undefined) throw new CairnError('io', 'the seal of /mfs gave no root')
      return cid
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  async #tick(work: () => Promise<void>): Promise<void> {
    if (this.#ticking) return
    this.#ticking = true
    try {
      await work()
    } catch (cause) {
      this.#options.log.warn({ err: toCairnError(cause) }, 'work in the background failed')
    } finally {
      this.#ticking = false
    }
  }

  async #work(writes: number): Promise<void> {
    const nowMs = this.#options.clock.nowMs()
    await this.#foldLog(nowMs)
    if (this.#schedule.isDue(nowMs, writes, () => this.#options.mfs.isDirty())) {
      await this.#sealNow(writes)
    }
    if (this.#waiting.size === 0 && nowMs - this.#usedMs >= idleThreadMs) await this.#endThread()
  }

  async #workForFollowers(
    writes: number,
    published: () => ReadonlyArray<readonly Name[]>
  ): Promise<void> {
    const { clock, mfs } = this.#options
    const isDirty = () => published().some(path => mfs.isDirty(path))
    if (this.#schedule.isDueForFollowers(clock.nowMs(), writes, isDirty)) {
      await this.#sealNow(writes)
    }
  }

  async #sealNow(writes: number): Promise<void> {
    const { clock } = this.#options
    const beganMs = clock.nowMs()
    try {
      await this.seal('seal')
    } finally {
      const nowMs = clock.nowMs()
      this.#schedule.tried(nowMs, writes, nowMs - beganMs)
    }
  }

  /**
   * A long log is folded back at once, a short one when writing has paused. Its length says little
   * afterwards (SQLite begins it anew in place), so only one that changed since is looked at.
   */
  async #foldLog(nowMs: number): Promise<void> {
    const { bytes, changedMs } = await logState(homePaths(this.#options.home).database)
    if (bytes === 0 || changedMs === this.#foldedMs) return
    if (bytes < limits.checkpointBytes && nowMs - changedMs < limits.sealIdleMs) return
    await this.#order(id => ({ kind: 'checkpoint', id }))
    this.#foldedMs = changedMs
  }

  #order(make: (id: number) => UpkeepWork): Promise<string | undefined> {
    const id = this.#nextId++
    this.#usedMs = this.#options.clock.nowMs()
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#thread().postMessage(make(id))
    })
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const { home, writeLock, mfsOptions } = this.#options
    const workerData: UpkeepThreadData = { home, writeLock, mfs: mfsOptions }
    const worker = new Worker(threadUrl('./upkeep-thread', import.meta.url), { workerData })
    worker.on('message', (answer: UpkeepAnswer) => this.#take(answer))
    worker.on('error', cause => this.#lose(worker, toCairnError(cause)))
    worker.on('exit', () =>
      this.#lose(worker, new CairnError('aborted', 'the background thread ended'))
    )
    this.#worker = worker
    return worker
  }

  #take({ id, cid, error }: UpkeepAnswer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    this.#usedMs = this.#options.clock.nowMs()
    if (error === undefined) waiting?.resolve(cid)
    else waiting?.reject(new CairnError(error.code, error.message))
  }

  #lose(worker: Worker, error: CairnError): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  async #endThread(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    const ended = new Promise(resolve => worker.once('exit', resolve))
    this.#worker = undefined
    worker.postMessage({ kind: 'end' } satisfies UpkeepOrder)
    await ended
  }

  async finish(signal: AbortSignal): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    try {
      if (!signal.aborted && this.#options.mfs.isDirty()) await this.seal('stop', signal)
    } catch (cause) {
      const { code, message } = toCairnError(cause)
      this.#options.log.warn({ code, message }, 'not all of /mfs was sealed; nothing is lost')
    }
    const worker = this.#worker
    const abort = () => sendAbort(worker)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    await this.#endThread()
    signal.removeEventListener('abort', abort)
  }
}

function sendAbort(worker: Worker | undefined): void {
  worker?.postMessage({ kind: 'abort' } satisfies UpkeepOrder)
}

interface LogState {
  readonly bytes: number
  readonly changedMs: number
}

/** The write-ahead log as it stands; there may be none. */
async function logState(database: string): Promise<LogState> {
  try {
    const { size, mtimeMs } = await stat(`${database}-wal`)
    return { bytes: size, changedMs: mtimeMs }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { bytes: 0, changedMs: 0 }
    throw toCairnError(cause)
  }
}
