import type { Cost } from './cost.ts'

export type Contender = () => Cost | Promise<Cost>

/** Medians of each; no peer's where it is not installed. */
export interface Interleaved {
  readonly cairn: Cost
  readonly peer: Cost | undefined
}

/** Runs Cairn and its peer, if there is one, by turns, so that what else the machine does hits both; medians of each. */
export async function interleave(
  rounds: number,
  cairn: Contender,
  peer: Contender | undefined
): Promise<Interleaved> {
  const [own, others] = await byTurns(rounds, [cairn, peer])
  if (own === undefined) throw new Error('nothing was measured')
  return { cairn: own, peer: others }
}

/** The same of any number of them; every second round goes the other way. Undefined of who is not there. */
export async function byTurns(
  rounds: number,
  contenders: ReadonlyArray<Contender | undefined>
): Promise<Array<Cost | undefined>> {
  const costs = contenders.map((): Cost[] => [])
  const order = [...contenders.keys()]
  for (let round = 0; round < rounds; round++) {
    for (const index of round % 2 === 0 ? order : order.toReversed()) {
      const contender = contenders[index]
      if (contender !== undefined) costs[index]?.push(await contender())
    }
  }
  return costs.map(each => (each.length === 0 ? undefined : medianCost(each)))
}

function medianCost(costs: readonly Cost[]): Cost {
  return {
    wallSeconds: median(costs.map(cost => cost.wallSeconds)),
    cpuSeconds: median(costs.map(cost => cost.cpuSeconds))
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (lower + upper) / 2
}
