/** What the decision is made of; bytes. */
export interface CollectSituation {
  readonly nowMs: number
  /** Of the segment files, now and after the last collection. */
  readonly fileBytes: number
  readonly keptFileBytes: number
  readonly budgetBytes: number | undefined
  readonly unusedMs: number | undefined
  /** Of the home's disk. */
  readonly freeBytes: number
  readonly diskBytes: number
}

/** Why a round is begun: the cache may be over its budget, much may be dead, the disk is nearly full, or it is time to look what is unused. */
export type CollectReason = 'budget' | 'dead' | 'disk' | 'unused'

const MiB = 1024 * 1024
const hourMs = 3_600_000

/** Less than this is not worth a round. */
const leastDeadBytes = 256 * MiB
/** What must have come since the last round before the budget is looked at again: a part of it, and at least so much. */
const budgetPart = 50
const leastNewsBytes = 1 * MiB
/** What was in use is looked at again after so long. */
const refusedAgainMs = 120_000
/** A disk is nearly full with less than this free, or this part of it. */
const lowBytes = 1024 * MiB
const lowPart = 20
const lowAgainMs = 600_000

/** Tells when a round of retention and collection is due, of numbers alone. */
export class CollectSchedule {
  #endedMs: number | undefined
  #endedFileBytes = 0
  #unusedMs = 0
  #isOver = false

  /** Undefined: none is. What a round could not free is not tried again until something has changed, or an hour has passed. */
  isDue(now: CollectSituation): CollectReason | undefined {
    const sinceMs = this.#endedMs === undefined ? hourMs : now.nowMs - this.#endedMs
    const newsBytes =
      this.#endedMs === undefined ? now.fileBytes : now.fileBytes - this.#endedFileBytes
    if (isOverBudget(now, newsBytes, sinceMs)) return 'budget'
    if (this.#isOver && sinceMs >= refusedAgainMs) return 'budget'
    if (now.fileBytes - 2 * now.keptFileBytes >= leastDeadBytes && newsBytes > 0) return 'dead'
    const low = Math.min(lowBytes, now.diskBytes / lowPart)
    if (now.freeBytes < low && sinceMs >= lowAgainMs && newsBytes > 0) return 'disk'
    if (now.unusedMs !== undefined && now.nowMs - this.#unusedMs >= hourMs) return 'unused'
    return undefined
  }

  /** A round ended, well or not, and left files of so many bytes; `isOver`: what was in use kept it above the budget. */
  ended(nowMs: number, fileBytes: number, isOver: boolean): void {
    this.#isOver = isOver
    this.#endedMs = nowMs
    this.#unusedMs = nowMs
    this.#endedFileBytes = fileBytes
  }
}

/** Files that are no larger than the budget hold no more than it; larger ones may hold what is not cache. */
function isOverBudget(
  { fileBytes, budgetBytes }: CollectSituation,
  newsBytes: number,
  sinceMs: number
): boolean {
  if (budgetBytes === undefined || fileBytes <= budgetBytes) return false
  if (newsBytes >= Math.max(leastNewsBytes, budgetBytes / budgetPart)) return true
  return newsBytes > 0 && sinceMs >= hourMs
}
