import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { showMoment } from '../../base/show-units.ts'
import type { RefreshResult } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { openRefresher, refreshNow } from '../../daemon/name-service.ts'
import type { Follow } from '../../names/api.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { type OpenedNames, withNames } from '../with-names.ts'

export interface FollowVerbOptions extends CommonOptions {
  readonly as?: string
  readonly pin?: boolean
}

/** Follows a name and asks for it at once, by the daemon if one runs. It is followed also if nobody answers yet. */
export async function follow(cli: Cli, name: string, options: FollowVerbOptions): Promise<void> {
  await withNames(cli, options, async opened => {
    const { alias, target } = opened.names.follow(name, {
      alias: options.as,
      whole: options.pin === true
    })
    const result = await refresh(cli, opened, target)
    if (options.json === true) return cli.terminal.printJson({ name: target, alias, ...result })
    cli.terminal.print(`following ${alias ?? target}`)
    if (result.cid !== undefined) cli.terminal.print(`at ${result.cid}`)
    if (result.problem !== undefined) cli.terminal.note(`not refreshed: ${result.problem}`)
  })
}

async function refresh(
  cli: Cli,
  { names, content, settings }: OpenedNames,
  target: string
): Promise<RefreshResult> {
  const query = new URLSearchParams({ name: target })
  const { socket } = homePaths(settings.home)
  return (
    (await callDaemon<RefreshResult>(socket, 'POST', `refresh?${query}`, cli.signal)) ??
    (await refreshNow({ names, ...openRefresher(content, settings, names) }, target, cli.signal))
  )
}

/** Throws `not-found` for the first that is not followed. */
export async function unfollow(
  cli: Cli,
  which: readonly string[],
  options: CommonOptions
): Promise<void> {
  await withNames(cli, options, ({ names }) => {
    for (const each of which) {
      if (!names.unfollow(each)) throw new CairnError('not-found', `${each} is not followed`)
      if (options.json === true) cli.terminal.printJson({ name: each, unfollowed: true })
      else cli.terminal.print(`unfollowed ${each}`)
    }
  })
}

export async function follows(cli: Cli, options: CommonOptions): Promise<void> {
  await withNames(cli, options, ({ names }) => {
    for (const each of names.follows()) {
      const held = each.name === undefined ? undefined : names.record(each.name)
      const shown = {
        ...each,
        cid: each.cid?.toString(),
        kept: each.kept?.toString(),
        state: stateOf(each, names.find(each.target)?.stale === true),
        sequence: held?.sequence.toString(),
        endMs: held?.endMs
      }
      if (options.json === true) cli.terminal.printJson(shown)
      else cli.terminal.print(showFollow(shown))
    }
  })
}

function stateOf({ cid }: Follow, stale: boolean): 'waiting' | 'stale' | 'fresh' {
  if (cid === undefined) return 'waiting'
  return stale ? 'stale' : 'fresh'
}

function showFollow({
  target,
  alias,
  state,
  cid,
  answeredMs,
  problem
}: Pick<Follow, 'target' | 'alias' | 'answeredMs' | 'problem'> & {
  readonly state: string
  readonly cid: string | undefined
}): string {
  const since = answeredMs === 0 ? 'never answered' : `answered ${showMoment(answeredMs)}`
  const why = problem === undefined ? [] : [problem]
  return [target, alias ?? '-', state, cid ?? '-', since, ...why].join('  ')
}
