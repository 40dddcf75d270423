import { systemClock } from '../../base/clock.ts'
import { showBytes, showCount } from '../../base/show-units.ts'
import { yieldToOthers } from '../../base/thread.ts'
import type { TrimResult } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { collectHome, pinnedCids, policyOf } from '../../daemon/collect.ts'
import type { Content } from '../../daemon/content.ts'
import type { Settings } from '../../daemon/settings.ts'
import { dropParts } from '../../pull/retention/drop-parts.ts'
import { trimCache, trimEstimate } from '../../pull/retention/trim-cache.ts'
import type { CollectReport } from '../../store/collect/collect-garbage.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { openProgress } from '../progress.ts'
import { withContent } from '../with-content.ts'

export interface GcOptions extends CommonOptions {
  readonly dryRun?: boolean
}

type GcReport = CollectReport & { readonly dropped: Pick<TrimResult, 'parts' | 'bytes'> }

/** Drops what the settings do not keep of what was fetched, and frees the space of what nothing leads to, beside a daemon or without one. */
export async function gc(cli: Cli, options: GcOptions): Promise<void> {
  const settings = await settingsOf(cli, options)
  yieldToOthers()
  const progress = await openProgress(cli.terminal, 'collecting', 'block', systemClock)
  let report: GcReport
  try {
    report = await withContent(settings.home, async content => {
      const { parts, bytes } = await trim(cli, content, settings, options)
      const collected = await collectHome(content, {
        dryRun: options.dryRun === true,
        signal: cli.signal,
        onProgress: ({ done }) => progress.update({ things: done })
      })
      return { dropped: { parts, bytes }, ...collected }
    })
  } finally {
    progress.stop()
  }
  if (options.json === true) cli.terminal.printJson(report)
  else tell(cli, report, options)
}

/** By the daemon, which knows what is being read, if one runs. */
async function trim(
  cli: Cli,
  { database, roots, paths }: Content,
  settings: Settings,
  { dryRun = false }: GcOptions
): Promise<TrimResult> {
  const pinned = pinnedCids(roots)
  const wanted = { database, policy: policyOf(settings), pinned, nowMs: systemClock.nowMs() }
  if (dryRun) return trimEstimate(wanted)
  return (
    (await callDaemon<TrimResult>(paths.socket, 'POST', 'trim', cli.signal)) ??
    (await trimCache({
      ...wanted,
      signal: cli.signal,
      drop: parts => dropParts(database, parts, () => false)
    }))
  )
}

function tell(cli: Cli, report: GcReport, { dryRun }: GcOptions): void {
  const { parts, bytes } = report.dropped
  if (parts > 0) {
    const did = dryRun === true ? 'would drop' : 'dropped'
    cli.terminal.print(`${did} ${parts} of what was fetched, ${showBytes(bytes)}`)
  }
  const blocks = `${showCount(report.removedBlocks, 'block')}, ${showBytes(report.removedBytes)}`
  const led = `${showCount(report.reachableBlocks, 'is', 'are')} led to`
  if (dryRun === true) {
    cli.terminal.print(`would remove ${blocks}; ${led}`)
    return
  }
  cli.terminal.print(`removed ${blocks}; ${led}`)
  cli.terminal.print(
    `deleted ${showCount(report.removedSegments, 'segment')}, ${showBytes(report.freedBytes)}`
  )
  if (report.neededBytes > 0) {
    cli.terminal.note(
      `cairn: more can be freed with ${showBytes(report.neededBytes)} of room on the disk: make room and run this again`
    )
  }
}
