import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { showAddress } from '../../daemon/listen-address.ts'
import type { Check } from './finding.ts'

/** Whether this user's npm asks Cairn: unlike apt it has no other way while Cairn does not run. */
export const checkNpm: Check = async ({ settings, environment, running }) => {
  const check = 'npm'
  const home = environment.HOME ?? homedir()
  const file = environment.npm_config_userconfig ?? join(home, '.npmrc')
  const asked = registryHere(await readFile(file, 'utf8').catch(() => ''))
  if (asked === undefined) {
    const found = 'does not ask Cairn: `cairn setup npm` would have it do so'
    return { check, verdict: 'ok', found }
  }
  const address = running?.listen ?? showAddress(settings.listen)
  if (asked !== `http://${address}/npm/`) {
    return {
      check,
      verdict: 'warn',
      found: `${file} leads to ${asked}, and Cairn is at ${address}`,
      advice: 'run `cairn setup npm` again'
    }
  }
  if (running !== undefined) return { check, verdict: 'ok', found: `asks Cairn at ${address}` }
  return {
    check,
    verdict: 'warn',
    found: `asks Cairn at ${address}, where none runs: it fetches nothing`,
    advice: 'start Cairn, or run `cairn setup npm --undo`'
  }
}

/** The registry of an .npmrc if it is one of this machine, as `cairn setup npm` writes it. */
function registryHere(npmrc: string): string | undefined {
  return /^registry=(http:\/\/(?:127\.|localhost|\[::1\])\S*\/npm\/)$/m.exec(npmrc)?.[1]
}
