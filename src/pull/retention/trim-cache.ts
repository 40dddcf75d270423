import type { Database } from '../../base/database.ts'
import { type CachedPart, cacheSize, leastUsed } from './contents.ts'
import type { Dropped } from './drop-parts.ts'
import { RetentionState } from './retention-state.ts'

/** What is kept of what was fetched; undefined: no bound. */
export interface RetentionPolicy {
  readonly budgetBytes: number | undefined
  /** What was not used for so long goes, whatever the budget. */
  readonly unusedMs: number | undefined
}

export interface TrimOptions {
  readonly database: Database
  readonly policy: RetentionPolicy
  /** CIDs, in bytes. */
  readonly pinned: readonly Uint8Array[]
  readonly nowMs: number
  /** Drops these but for those in use, as `dropParts`; whoever knows what is in use. */
  readonly drop: (parts: readonly CachedPart[]) => Promise<Dropped> | Dropped
  readonly signal?: AbortSignal
}

export interface TrimReport extends Pick<Dropped, 'parts' | 'bytes'> {
  /** Parts that were to go and were in use. */
  readonly refused: number
  /** Afterwards. */
  readonly cachedBytes: number
  readonly indexBytes: number
}

/** Down to so much of the budget, so that not each package that comes begins another round. */
const slack = 0.9
const pageParts = 1000

/**
 * Takes what the policy does not keep out of the catalog, least recently used first, and writes down what is
 * cached. Throws the signal's reason; what went by then is gone.
 */
export async function trimCache(options: TrimOptions): Promise<TrimReport> {
  const { database, policy, pinned, nowMs, signal } = options
  const before = cacheSize(database, pinned)
  const unusedSinceMs = policy.unusedMs === undefined ? -1 : nowMs - policy.unusedMs
  let toFreeBytes = excess(before.cachedBytes, policy)
  let parts = 0
  let bytes = 0
  const without: string[] = []
  for (;;) {
    signal?.throwIfAborted()
    const wanted = { pinned, toFreeBytes, unusedSinceMs, without, most: pageParts }
    const found = leastUsed(database, wanted)
    if (found.length === 0) break
    const dropped = await options.drop(found)
    parts += dropped.parts
    bytes += dropped.bytes
    toFreeBytes -= dropped.bytes
    without.push(...dropped.refused)
  }
  const size = parts === 0 ? before : cacheSize(database, pinned)
  new RetentionState(database).measured(size, { parts, bytes }, nowMs)
  return { parts, bytes, refused: without.length, ...size }
}

/** What would go, without anything going. */
export function trimEstimate({
  database,
  policy,
  pinned,
  nowMs
}: Omit<TrimOptions, 'drop' | 'signal'>): TrimReport {
  const size = cacheSize(database, pinned)
  const found = leastUsed(database, {
    pinned,
    toFreeBytes: excess(size.cachedBytes, policy),
    unusedSinceMs: policy.unusedMs === undefined ? -1 : nowMs - policy.unusedMs,
    without: [],
    most: -1
  })
  const bytes = found.reduce((sum, part) => sum + part.bytes, 0)
  return { parts: found.length, bytes, refused: 0, ...size }
}

function excess(cachedBytes: number, { budgetBytes }: RetentionPolicy): number {
  if (budgetBytes === undefined || cachedBytes <= budgetBytes) return 0
  return cachedBytes - Math.floor(budgetBytes * slack)
}
