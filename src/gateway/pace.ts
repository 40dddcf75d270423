import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'

/** Waits until so many more bytes may be sent. Rejects when the signal aborts. */
export type Pace = (bytes: number, signal: AbortSignal) => Promise<void>

/** What may be sent at once after a pause, as a share of a second's bytes. */
const burstSeconds = 0.25

/** Keeps all that is sent together to a rate; undefined: no bound. */
export function openPace(bytesPerSecond: number | undefined, clock: Clock): Pace {
  if (bytesPerSecond === undefined) return async () => {}
  /** When all that was let go will have been paid for. */
  let paidMs = 0
  return async (bytes, signal) => {
    const nowMs = clock.nowMs()
    const earliestMs = nowMs - burstSeconds * 1000
    paidMs = Math.max(paidMs, earliestMs) + (bytes / bytesPerSecond) * 1000
    const owedMs = paidMs - nowMs
    if (owedMs > 0) await wait(owedMs, undefined, { signal })
  }
}
