import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { showBytes } from '../../base/show-units.ts'
import type { Status } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { findHome } from '../../daemon/find-home.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { showCache } from '../show-cache.ts'

/** Shows the mirrors' numbers, an adapter a line. Throws `not-found` if no daemon runs. */
export async function stats(cli: Cli, options: CommonOptions): Promise<void> {
  const home = findHome(options.home, cli.environment)
  const answer = await callDaemon<Status>(homePaths(home).socket, 'GET', 'status', cli.signal)
  if (answer === undefined) {
    throw new CairnError('not-found', `no daemon runs on ${home}: start one with \`cairn start\``)
  }
  const { catalog, pull, store, cache } = answer
  if (options.json === true) {
    cli.terminal.printJson({ catalog, pull, store, cache })
    return
  }
  for (const line of table(answer)) cli.terminal.print(line)
  cli.terminal.print(showCache(cache))
}

const headings = ['', 'requests', 'hits', 'stale', 'failed', 'served', 'fetched', 'items', 'held']

function table({ catalog, pull }: Status): string[] {
  const names = [...new Set([...Object.keys(pull.adapters), ...Object.keys(catalog.adapters)])]
  const rows = names.sort().map(name => {
    const counts = pull.adapters[name]
    const held = catalog.adapters[name]
    return [
      name,
      ...[counts?.requests, counts?.hits, counts?.stale, counts?.failures].map(showNumber),
      ...[counts?.bytesServed, counts?.bytesFetched].map(bytes => showBytes(bytes ?? 0)),
      showNumber(held?.items),
      showBytes(held?.bytes ?? 0)
    ]
  })
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map(row => row[column]?.length ?? 0)))
  return all.map(row =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
      )
      .join('  ')
      .trimEnd()
  )
}

function showNumber(count: number | undefined): string {
  return String(count ?? 0)
}
