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
  const costs: { cairn: Cost[]; peer: Cost[] } = { cairn: [], peer: [] }
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) costs.cairn.push(await cairn())
    if (peer !== undefined) costs.peer.push(await peer())
    if (round % 2 === 1) costs.cairn.push(await cairn())
  }
  return { cairn: medianCost(costs.cairn), peer: peer && medianCost(costs.peer) }
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
