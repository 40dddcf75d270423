/** A die whose throws follow from its seed alone. */
export interface Die {
  /** A whole number from 0, less than `sides`. */
  throw: (sides: number) => number
  pick: <T>(from: readonly T[]) => T
}

/** https://en.wikipedia.org/wiki/Linear_congruential_generator with the high bits thrown */
export function dieOf(seed: number): Die {
  let state = (seed * 2_654_435_761) >>> 0
  const next = (sides: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * sides)
  }
  const pick = <T>(from: readonly T[]): T => {
    const found = from[next(from.length)]
    if (found === undefined) throw new Error('nothing to pick from')
    return found
  }
  return { throw: next, pick }
}

/** The seed of this run: `CAIRN_SOAK_SEED`, or a new one, which a failure names. */
export function seedOfRun(): number {
  return Number(process.env.CAIRN_SOAK_SEED ?? Date.now() % 1_000_000)
}

/** Whether there is time for more than CI has. */
export function soaks(): boolean {
  return process.env.CAIRN_SOAK !== undefined
}

/** How often a suite does what it does: as often as CI has time for, or `CAIRN_SOAK` times that. */
export function times(inCi: number): number {
  return Math.ceil(inCi * Number(process.env.CAIRN_SOAK ?? 1))
}
