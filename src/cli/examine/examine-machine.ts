import { toCairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import type { Status } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import type { Environment } from '../../daemon/find-home.ts'
import type { Settings } from '../../daemon/settings.ts'
import {
  checkFuseDevice,
  checkFusermount,
  checkMountPoint,
  checkPassthrough
} from './check-fuse.ts'
import { checkDatabase, checkHome, checkSpace } from './check-home.ts'
import { checkApt, checkDaemon, checkPort, checkRuntime } from './check-machine.ts'
import { checkNpm } from './check-npm.ts'
import { checkOci } from './check-oci.ts'
import { checkUpstreams } from './check-upstreams.ts'
import type { Check, Finding } from './finding.ts'

const checks: ReadonlyArray<readonly [string, Check]> = [
  ['runtime', checkRuntime],
  ['daemon', checkDaemon],
  ['home', checkHome],
  ['disk space', checkSpace],
  ['database', checkDatabase],
  ['/dev/fuse', checkFuseDevice],
  ['fusermount3', checkFusermount],
  ['mount folder', checkMountPoint],
  ['passthrough', checkPassthrough],
  ['port', checkPort],
  ['upstreams', checkUpstreams],
  ['apt', checkApt],
  ['npm', checkNpm],
  ['oci', checkOci]
]

/** Runs every check; one that cannot be made is a finding too. */
export async function* examineMachine(
  settings: Settings,
  environment: Environment,
  signal: AbortSignal
): AsyncGenerator<Finding> {
  const paths = homePaths(settings.home)
  let running: Status | undefined
  try {
    running = await callDaemon<Status>(paths.socket, 'GET', 'status', signal)
  } catch (cause) {
    yield { check: 'control socket', verdict: 'fail', found: toCairnError(cause).message }
  }
  for (const [check, examine] of checks) {
    signal.throwIfAborted()
    try {
      yield await examine({ settings, paths, environment, running })
    } catch (cause) {
      yield { check, verdict: 'fail', found: toCairnError(cause).message }
    }
  }
}
