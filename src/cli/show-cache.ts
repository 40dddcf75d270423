import { showBytes, showMoment } from '../base/show-units.ts'
import type { Status } from '../control/api.ts'

/** What is cached, of what budget, and what went of it, in one line. */
export function showCache(cache: Status['cache']): string {
  const { budgetBytes, cachedBytes, measuredMs, droppedBytes, collectedMs, freedBytes } = cache
  const budget = budgetBytes === undefined ? 'no budget' : `a budget of ${showBytes(budgetBytes)}`
  const measured =
    measuredMs === 0 ? [] : [`${showBytes(cachedBytes)} cached on ${showMoment(measuredMs)}`]
  const gone = droppedBytes === 0 ? [] : [`${showBytes(droppedBytes)} dropped so far`]
  const freed =
    collectedMs === 0
      ? []
      : [`collected on ${showMoment(collectedMs)}, ${showBytes(freedBytes)} freed so far`]
  return `cache     ${[budget, ...measured, ...gone, ...freed].join('; ')}`
}
