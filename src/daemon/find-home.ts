import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { CairnError } from '../base/errors.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The home: `--home`, else CAIRN_HOME, else `cairn` in the XDG data folder. No config file is read:
 * this is all that `status` and `stop` need. Throws `usage` for an empty one.
 * https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function findHome(flag: string | undefined, environment: Environment): string {
  if (flag === '') throw new CairnError('usage', '--home is empty: give a folder')
  const chosen = flag ?? (environment.CAIRN_HOME || undefined)
  if (chosen !== undefined) return resolve(expandTilde(chosen, environment))
  const data = environment.XDG_DATA_HOME
  const base =
    data !== undefined && isAbsolute(data) ? data : join(userFolder(environment), '.local', 'share')
  return join(base, 'cairn')
}

/** `~` and `~/…` as a shell would, for flags and files that no shell read. */
export function expandTilde(path: string, environment: Environment): string {
  if (path === '~') return userFolder(environment)
  return path.startsWith('~/') ? join(userFolder(environment), path.slice(2)) : path
}

function userFolder(environment: Environment): string {
  return environment.HOME || homedir()
}
