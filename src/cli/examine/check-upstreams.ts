import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { showMoment } from '../../base/show-units.ts'
import type { Check } from './finding.ts'

/** So many are told; the log has all. */
const most = 5

/** Whether the upstreams' keyrings are there, and what of upstreams did not work when the running daemon tried it last. */
export const checkUpstreams: Check = async ({ settings, running }) => {
  const check = 'upstreams'
  for (const [name, { keyring }] of Object.entries(settings.aptUpstreams)) {
    if (keyring === undefined || (await isReadable(keyring))) continue
    return {
      check,
      verdict: 'fail',
      found: `the keyring of apt/${name}, ${keyring}, cannot be read: its Release is not served`,
      advice: 'correct it in config.yaml, or install the package that brings it'
    }
  }
  if (settings.offline) return { check, verdict: 'ok', found: 'offline: none is asked' }
  if (running === undefined) return { check, verdict: 'ok', found: 'a running daemon would know' }
  const { troubles = [] } = running.pull
  if (troubles.length === 0) return { check, verdict: 'ok', found: 'nothing failed that was asked' }
  const told = troubles
    .slice(0, most)
    .map(({ of, problem, lastMs }) => `${of}, ${showMoment(lastMs)}: ${problem}`)
  return {
    check,
    verdict: 'warn',
    found: `what was asked for last and failed: ${told.join('; ')}`,
    advice: 'what is held is served; ask for it again when the upstream is well'
  }
}

async function isReadable(path: string): Promise<boolean> {
  return await access(path, constants.R_OK).then(
    () => true,
    () => false
  )
}
