import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { showBytes, showCount, showMoment, showSpan } from '../../base/show-units.ts'
import type { Status } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { findHome } from '../../daemon/find-home.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { showCache } from '../show-cache.ts'

/** Shows what the daemon serves. Throws `not-found` if none runs. */
export async function status(cli: Cli, options: CommonOptions): Promise<void> {
  const home = findHome(options.home, cli.environment)
  const socket = homePaths(home).socket
  const answer = await callDaemon<Status>(socket, 'GET', 'status', cli.signal)
  if (answer === undefined) {
    throw new CairnError('not-found', `no daemon runs on ${home}: start one with \`cairn start\``)
  }
  if (options.json === true) cli.terminal.printJson(answer)
  else for (const line of showStatus(answer, Date.now())) cli.terminal.print(line)
}

function showStatus(status: Status, nowMs: number): string[] {
  const { store, catalog, pull, cache } = status
  return [
    `daemon    process ${status.pid}, up ${showSpan(nowMs - status.startedMs)}, ${showBytes(status.memoryBytes)} resident, version ${status.version}`,
    `home      ${status.home}`,
    `http      http://${status.listen}/`,
    ...showShare(status),
    `network   ${status.network}`,
    ...showMounts(status),
    ...showNames(status),
    `mfs       ${status.mfs ?? 'no snapshot yet'}`,
    `store     ${showCount(store.blocks, 'block')}, ${showBytes(store.bytes)} in ${showCount(store.segments, 'segment')}`,
    `packages  ${showCount(catalog.items, 'item')}, ${showBytes(catalog.bytes)}`,
    showCache(cache),
    `pull      ${showCount(pull.requests, 'request')}, ${pull.hits} from the store, ${pull.failures} failed, ${pull.flights} in progress`,
    ...showTroubles(status)
  ]
}

function showTroubles({ pull: { troubles = [] } }: Status): string[] {
  const [last] = troubles
  if (last === undefined) return []
  const more = troubles.length === 1 ? '' : `; ${troubles.length - 1} more: see cairn doctor`
  return [`trouble   ${last.of}, ${showMoment(last.lastMs)}: ${last.problem}${more}`]
}

function showShare({ share }: Status): string[] {
  if (share === undefined) return []
  return [`share     https://${share.listen}/, certificate ${share.fingerprint}`]
}

function showNames({ names: { published, followed, stale, heads } }: Status): string[] {
  if (published + followed === 0) return []
  const late = stale === 0 ? '' : `, ${stale} past their end of life`
  const foreign = heads === 0 ? '' : `, ${heads} PUBLISHED ELSEWHERE: see cairn key ls`
  return [`names     ${published} published, ${followed} followed${late}${foreign}`]
}

function showMounts({ mounts }: Status): string[] {
  if (mounts.length === 0) return ['mount     none']
  return mounts.map(
    ({ path, problem, readOnly }) =>
      `mount     ${path}${problem === undefined ? '' : `  NOT MOUNTED: ${problem}`}${readOnly ? '  read-only' : ''}`
  )
}
