import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../base/clock.ts'
import { type ErrorCode, toCairnError } from '../base/errors.ts'
import { yieldToOthers } from '../base/thread.ts'
import { WriteLock } from '../base/write-lock.ts'
import type { CachedPart } from '../pull/retention/contents.ts'
import type { Dropped } from '../pull/retention/drop-parts.ts'
import { type RetentionPolicy, type TrimReport, trimCache } from '../pull/retention/trim-cache.ts'
import type { CollectReport } from '../store/collect/collect-garbage.ts'
import { collectHome, pinnedCids } from './collect.ts'
import { type Content, openContent } from './content.ts'

export interface CollectThreadData {
  readonly home: string
  readonly writeLock: SharedArrayBuffer
  readonly policy: RetentionPolicy
  /** Whether blocks are collected after what the policy does not keep was dropped. */
  readonly collects: boolean
}

export interface RoundReport {
  readonly trimmed: TrimReport
  /** Undefined if nothing was collected. */
  readonly collected: CollectReport | undefined
}

/** To the main thread, which knows what is in use and answers `drop` with what it dropped. */
export type FromCollectThread =
  | { readonly kind: 'drop'; readonly parts: readonly CachedPart[] }
  | { readonly kind: 'done'; readonly report: RoundReport }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }

export type ToCollectThread =
  | { readonly kind: 'dropped'; readonly dropped: Dropped }
  | { readonly kind: 'abort' }

/** The entry of the thread that finds what the cache does not keep, and frees what nothing leads to: one round, then it ends. */
async function run(port: MessagePort, data: CollectThreadData): Promise<void> {
  yieldToOthers()
  const say = (message: FromCollectThread): void => port.postMessage(message)
  const stopping = new AbortController()
  let answered = Promise.withResolvers<Dropped>()
  port.on('message', (message: ToCollectThread) => {
    if (message.kind === 'dropped') return answered.resolve(message.dropped)
    stopping.abort()
    answered.reject(stopping.signal.reason)
  })
  const drop = (parts: readonly CachedPart[]): Promise<Dropped> => {
    answered = Promise.withResolvers()
    say({ kind: 'drop', parts })
    return answered.promise
  }
  answered.promise.catch(() => {})
  try {
    const content = openContent(data.home, {
      writeLock: new WriteLock(data.writeLock),
      checkpoints: 'background'
    })
    try {
      say({ kind: 'done', report: await round(content, data, drop, stopping.signal) })
    } finally {
      content.close()
    }
  } catch (cause) {
    const { code, message } = toCairnError(cause)
    say({ kind: 'failed', code, message })
  } finally {
    port.close()
  }
}

async function round(
  content: Content,
  { policy, collects }: CollectThreadData,
  drop: (parts: readonly CachedPart[]) => Promise<Dropped>,
  signal: AbortSignal
): Promise<RoundReport> {
  const { database, roots } = content
  const pinned = pinnedCids(roots)
  const nowMs = systemClock.nowMs()
  const trimmed = await trimCache({ database, policy, pinned, nowMs, drop, signal })
  const collected = collects ? await collectHome(content, { signal }) : undefined
  return { trimmed, collected }
}

if (parentPort !== null) void run(parentPort, workerData as CollectThreadData)
