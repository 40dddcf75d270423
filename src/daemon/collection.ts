import { statfsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { multihashKey } from '../base/blocks.ts'
import type { Clock } from '../base/clock.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { threadUrl } from '../base/thread.ts'
import { openCatalog } from '../pull/catalog.ts'
import type { InUse } from '../pull/in-use.ts'
import type { CachedPart } from '../pull/retention/contents.ts'
import { type Dropped, dropParts } from '../pull/retention/drop-parts.ts'
import { RetentionState } from '../pull/retention/retention-state.ts'
import type { RetentionPolicy, TrimReport } from '../pull/retention/trim-cache.ts'
import type { InodeMemory } from '../vfs/frozen/inode-memory.ts'
import { InodeTable } from '../vfs/frozen/inode-table.ts'
import { type LivingPackages, livingPackages } from '../vfs/frozen/living-packages.ts'
import { multihashOf } from './collect.ts'
import { type CollectReason, CollectSchedule } from './collect-schedule.ts'
import type {
  CollectThreadData,
  FromCollectThread,
  RoundReport,
  ToCollectThread
} from './collect-thread.ts'
import type { Content } from './content.ts'
import type { Log } from './logger.ts'

export interface CollectionOptions {
  readonly home: string
  readonly content: Content
  readonly writeLock: SharedArrayBuffer
  /** Of the package tree, which mounts and doors share. */
  readonly packageInodes: InodeMemory
  readonly inUse: InUse
  readonly policy: () => RetentionPolicy
  readonly clock: Clock
  readonly log: Log
}

/** Retention and collection in the background: a thread at a low priority, there only while a round runs. */
export interface Collection {
  /** From now on looks every few seconds whether a round is due. */
  begin: () => void
  /** Takes what the settings do not keep out of the catalog, now; a collection frees it. Throws `aborted`. */
  trim: () => Promise<TrimReport>
  /** Ends a round that runs; what it did by then stands. */
  finish: () => Promise<void>
}

const tickMs = 5_000

export function openCollection(options: CollectionOptions): Collection {
  return new BackgroundCollection(options)
}

class BackgroundCollection implements Collection {
  readonly #options: CollectionOptions
  readonly #schedule = new CollectSchedule()
  readonly #inodes: InodeTable
  #timer: NodeJS.Timeout | undefined
  #worker: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: CollectionOptions) {
    this.#options = options
    this.#inodes = new InodeTable({ memory: options.packageInodes })
  }

  begin(): void {
    this.#timer = setInterval(() => void this.#tick(), tickMs).unref()
  }

  async #tick(): Promise<void> {
    if (this.#worker !== undefined || this.#closed) return
    let reason: CollectReason | undefined
    try {
      reason = this.#dueReason()
      if (reason !== undefined) await this.#collect(reason)
    } catch (cause) {
      const { code, message } = toCairnError(cause)
      if (code === 'aborted') return
      this.#options.log.warn({ reason, code, message }, 'a collection was given up')
    }
  }

  #dueReason(): CollectReason | undefined {
    const { content, policy, clock } = this.#options
    const { keptFileBytes } = new RetentionState(content.database).read()
    const { bavail, blocks, bsize } = statfsSync(this.#options.home)
    return this.#schedule.isDue({
      ...policy(),
      nowMs: clock.nowMs(),
      fileBytes: content.store.fileBytes(),
      keptFileBytes,
      freeBytes: bavail * bsize,
      diskBytes: blocks * bsize
    })
  }

  async #collect(reason: CollectReason): Promise<void> {
    const { content, policy, clock, log } = this.#options
    let isOver = false
    try {
      const { trimmed, collected } = await this.#round(true)
      const { parts: dropped, bytes: droppedBytes, refused, cachedBytes } = trimmed
      isOver = refused > 0 && cachedBytes > (policy().budgetBytes ?? Number.POSITIVE_INFINITY)
      const facts = { reason, dropped, droppedBytes, freedBytes: collected?.freedBytes }
      log.info(facts, 'collected what is not kept')
    } finally {
      if (!this.#closed) this.#schedule.ended(clock.nowMs(), content.store.fileBytes(), isOver)
    }
  }

  async trim(): Promise<TrimReport> {
    return (await this.#round(false)).trimmed
  }

  /** One after the other. */
  #round(collects: boolean): Promise<RoundReport> {
    const mine = this.#last.then(() => this.#run(collects))
    this.#last = mine.catch(() => {})
    return mine
  }

  async #run(collects: boolean): Promise<RoundReport> {
    if (this.#closed) throw new CairnError('aborted', 'Cairn is stopping')
    const { home, content, writeLock, policy, clock } = this.#options
    const living = livingPackages(this.#inodes)
    openCatalog(content.database).useUnpacked(living.folders, clock.nowMs())
    content.store.endSegment()
    const workerData: CollectThreadData = { home, writeLock, policy: policy(), collects }
    const worker = new Worker(threadUrl('./collect-thread', import.meta.url), { workerData })
    this.#worker = worker
    try {
      return await this.#attend(worker)
    } finally {
      this.#worker = undefined
    }
  }

  #attend(worker: Worker): Promise<RoundReport> {
    const { promise, resolve, reject } = Promise.withResolvers<RoundReport>()
    let outcome: (() => void) | undefined
    worker.on('message', (message: FromCollectThread) => {
      if (message.kind === 'done') outcome ??= () => resolve(message.report)
      else if (message.kind === 'failed') {
        outcome ??= () => reject(new CairnError(message.code, message.message))
      } else {
        try {
          const dropped = this.#drop(message.parts)
          worker.postMessage({ kind: 'dropped', dropped } satisfies ToCollectThread)
        } catch (cause) {
          outcome ??= () => reject(toCairnError(cause))
          worker.postMessage({ kind: 'abort' } satisfies ToCollectThread)
        }
      }
    })
    worker.on('error', cause => {
      outcome ??= () => reject(toCairnError(cause))
    })
    worker.on('exit', () => {
      if (outcome === undefined) reject(new CairnError('aborted', 'the collecting thread ended'))
      else outcome()
    })
    return promise
  }

  /** Reads begin on this thread, or through the inodes: between the look and the drop none does. */
  #drop(parts: readonly CachedPart[]): Dropped {
    const { content, inUse } = this.#options
    const living = livingPackages(this.#inodes)
    return dropParts(content.database, parts, part => isInUse(part, inUse, living))
  }

  async finish(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    this.#worker?.postMessage({ kind: 'abort' } satisfies ToCollectThread)
    await this.#last
  }
}

function isInUse(
  { kind, cid, keys }: CachedPart,
  inUse: InUse,
  { contents, folders }: LivingPackages
): boolean {
  const multihash = multihashOf(cid)
  if (kind === 'unpacked') return keys.some(key => folders.includes(key))
  return inUse.has(multihash) || contents.has(multihashKey(multihash))
}
