import { setTimeout as wait } from 'node:timers/promises'
import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { callDaemon } from '../../control/client.ts'
import { findHome } from '../../daemon/find-home.ts'
import { lockHolder } from '../../daemon/home-lock.ts'
import { isProcess } from '../../daemon/is-process.ts'
import type { Cli, CommonOptions } from '../cli.ts'

const lookEveryMs = 50

/** Tells the daemon to stop and returns when its process has ended. Throws `not-found` if none runs. */
export async function stop(cli: Cli, options: CommonOptions): Promise<void> {
  const home = findHome(options.home, cli.environment)
  const paths = homePaths(home)
  const pid = lockHolder(paths)
  const answer = await callDaemon(paths.socket, 'POST', 'stop', cli.signal)
  if (answer === undefined) {
    throw new CairnError('not-found', `no daemon runs on ${home}`)
  }
  while (pid !== undefined && isProcess(pid)) {
    await wait(lookEveryMs, undefined, { signal: cli.signal })
  }
  if (options.json === true) cli.terminal.printJson({ stopped: true, home })
  else cli.terminal.print(`stopped the daemon on ${home}`)
}
