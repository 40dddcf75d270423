import type { Clock } from '../base/clock.ts'
import { CairnError } from '../base/errors.ts'
import type { FetchUpstream } from './api.ts'
import { bounds } from './bounds.ts'
import { Remembered } from './remembered.ts'

const asking = new Set([429, 503])

/**
 * Leaves an upstream alone for as long as it asks to be: after a 429 or 503 that says `Retry-After`,
 * requests to that origin fail as `upstream` without being sent. An hour at most is believed.
 * https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function openPoliteFetch(fetchUpstream: FetchUpstream, clock: Clock): FetchUpstream {
  const waiting = new Remembered(bounds.negativeEntries)
  return async (url, options) => {
    const { origin } = new URL(url)
    if (waiting.has(origin, clock.nowMs())) {
      throw new CairnError('upstream', `${origin} asked to be left alone for a while`)
    }
    const answer = await fetchUpstream(url, options)
    const header = answer.headers.get('retry-after')
    if (asking.has(answer.status) && header !== null) {
      const nowMs = clock.nowMs()
      const untilMs = retryAtMs(header, nowMs)
      if (untilMs > nowMs) waiting.add(origin, Math.min(untilMs, nowMs + bounds.longestRestMs))
    }
    return answer
  }
}

/** Seconds or a date; what is neither asks for nothing. */
function retryAtMs(header: string, nowMs: number): number {
  if (/^\d{1,9}$/.test(header.trim())) return nowMs + Number(header) * 1000
  const atMs = Date.parse(header)
  return Number.isNaN(atMs) ? nowMs : atMs
}
