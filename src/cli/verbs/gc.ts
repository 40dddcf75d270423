import { systemClock } from '../../base/clock.ts'
import { yieldToOthers } from '../../base/thread.ts'
import { collectHome } from '../../daemon/collect.ts'
import type { CollectReport } from '../../store/collect/collect-garbage.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { openProgress } from '../progress.ts'
import { showBytes } from '../show-units.ts'
import { withContent } from '../with-content.ts'

export interface GcOptions extends CommonOptions {
  readonly dryRun?: boolean
}

/** Frees the space of what nothing leads to, beside a daemon or without one. */
export async function gc(cli: Cli, options: GcOptions): Promise<void> {
  const { home } = await settingsOf(cli, options)
  yieldToOthers()
  const progress = await openProgress(cli.terminal, 'collecting', 'blocks', systemClock)
  let report: CollectReport
  try {
    report = await withContent(home, content =>
      collectHome(content, {
        dryRun: options.dryRun === true,
        signal: cli.signal,
        onProgress: ({ done }) => progress.update({ things: done })
      })
    )
  } finally {
    progress.stop()
  }
  if (options.json === true) cli.terminal.printJson(report)
  else tell(cli, report, options)
}

function tell(cli: Cli, report: CollectReport, { dryRun }: GcOptions): void {
  const blocks = `${report.removedBlocks} blocks, ${showBytes(report.removedBytes)}`
  if (dryRun === true) {
    cli.terminal.print(`would remove ${blocks}; ${report.reachableBlocks} are led to`)
    return
  }
  cli.terminal.print(`removed ${blocks}; ${report.reachableBlocks} are led to`)
  cli.terminal.print(`deleted ${report.removedSegments} segments, ${showBytes(report.freedBytes)}`)
  if (report.neededBytes > 0) {
    cli.terminal.note(
      `cairn: more can be freed with ${showBytes(report.neededBytes)} of room on the disk: make room and run this again`
    )
  }
}
