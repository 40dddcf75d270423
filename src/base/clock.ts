/** Time, passed in: tests never sleep. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  nowMs: () => number
}

export const systemClock: Clock = { nowMs: () => Date.now() }
