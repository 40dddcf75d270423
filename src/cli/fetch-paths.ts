import { systemClock } from '../base/clock.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { homePaths } from '../base/home.ts'
import type { Status } from '../control/api.ts'
import { callDaemon } from '../control/client.ts'
import { findHome } from '../daemon/find-home.ts'
import type { Cli, CommonOptions } from './cli.ts'
import { openProgress } from './progress.ts'

/** The address of the daemon's port, ending with a slash. Throws `not-found` if none runs. */
export async function daemonUrl(cli: Cli, options: CommonOptions): Promise<string> {
  const home = findHome(options.home, cli.environment)
  const status = await callDaemon<Status>(homePaths(home).socket, 'GET', 'status', cli.signal)
  if (status !== undefined) return `http://${status.listen}/`
  throw new CairnError('not-found', `no daemon runs on ${home}: start one with \`cairn start\``)
}

/** Has the daemon fetch each URL, `together` at a time, with the headers, and says which it could not, and why. */
export async function fetchPaths(
  cli: Cli,
  urls: readonly string[],
  together: number,
  headers: Readonly<Record<string, string>> = {}
): Promise<{ bytes: number; failed: string[] }> {
  const bar = await openProgress(cli.terminal, 'fetching', 'file', systemClock)
  const failed: string[] = []
  const next = urls[Symbol.iterator]()
  let things = 0
  let bytes = 0
  const lane = async (): Promise<void> => {
    for (const url of next) {
      const arrived = await fetchOne(url, headers, cli.signal)
      if (typeof arrived === 'string') failed.push(`${new URL(url).pathname}: ${arrived}`)
      else bytes += arrived
      bar.update({ things: ++things, totalThings: urls.length, bytes })
    }
  }
  try {
    await Promise.all(Array.from({ length: together }, lane))
  } finally {
    bar.stop()
  }
  return { bytes, failed }
}

/** The bytes that came, or why they did not. */
async function fetchOne(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal
): Promise<number | string> {
  try {
    const answer = await fetch(url, { signal, headers })
    if (!answer.ok) return `${answer.status} ${(await answer.text()).trim().slice(0, 200)}`
    let bytes = 0
    for await (const piece of answer.body ?? []) bytes += piece.length
    return bytes
  } catch (cause) {
    if (signal.aborted) throw toCairnError(signal.reason)
    return toCairnError(cause).message
  }
}
