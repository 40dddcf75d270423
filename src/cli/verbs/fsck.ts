import { systemClock } from '../../base/clock.ts'
import { openDatabase } from '../../base/database.ts'
import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { setRedoAside } from '../../base/redo.ts'
import { showBytes, showCount } from '../../base/show-units.ts'
import { yieldToOthers } from '../../base/thread.ts'
import { homeMigrations } from '../../daemon/content.ts'
import type { CheckReport } from '../../store/api.ts'
import { checkStore } from '../../store/check.ts'
import { checkMfs, type MfsReport } from '../../vfs/mfs/check.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { openProgress } from '../progress.ts'

export interface FsckOptions extends CommonOptions {
  readonly rebuildIndex?: boolean
  readonly setRedoAside?: boolean
}

/**
 * Verifies every block, and the rows and drafts of /mfs, while others read and write and are served first. Throws
 * `corrupt` if anything is damaged.
 */
export async function fsck(cli: Cli, options: FsckOptions): Promise<void> {
  const { home } = await settingsOf(cli, options)
  const paths = homePaths(home)
  cli.releaseSignals()
  yieldToOthers()
  const aside = options.setRedoAside === true ? setRedoAside(paths.database) : undefined
  const database = openDatabase(paths.database, { migrations: homeMigrations })
  const progress = await openProgress(cli.terminal, 'verifying', 'block', systemClock)
  let report: CheckReport
  let tree: MfsReport
  try {
    report = checkStore({
      segments: paths.segments,
      database,
      rebuildIndex: options.rebuildIndex === true,
      onProgress: (done, total) => progress.update({ things: done, totalThings: total })
    })
    tree = checkMfs(database, paths.drafts)
  } finally {
    progress.stop()
    database.close()
  }
  tell(cli, { ...report, mfs: tree, ...(aside && { aside }) }, options)
  if (tree.problems.length > 0) {
    throw new CairnError(
      'corrupt',
      `/mfs has ${tree.problems.length} problems: \`cairn log\` lists snapshots that can be read at /ipfs`
    )
  }
  if (report.damaged.length > 0) {
    throw new CairnError(
      'corrupt',
      `${report.damaged.length} damaged: add or fetch the same content again to mend it`
    )
  }
}

interface FsckReport extends CheckReport {
  readonly mfs: MfsReport
  /** A copy of the redo log that could not be run again. */
  readonly aside?: string
}

function tell(cli: Cli, report: FsckReport, options: FsckOptions): void {
  const tree = report.mfs
  if (options.json === true) {
    cli.terminal.printJson(report)
    return
  }
  if (report.aside !== undefined) {
    cli.terminal.print(`went on without the last moments before a crash: ${report.aside}`)
  }
  for (const { cid, segment, offset, why } of report.damaged) {
    cli.terminal.print(`damaged ${cid || 'unknown'} in ${segment} at ${offset}: ${why}`)
  }
  if (options.rebuildIndex === true)
    cli.terminal.print(`indexed ${showCount(report.indexed, 'block')} anew`)
  for (const problem of tree.problems) cli.terminal.print(`/mfs: ${problem}`)
  cli.terminal.print(
    `verified ${showCount(report.blocks, 'block')}, ${showBytes(report.bytes)}, and ${showCount(tree.inodes, 'inode')} of /mfs`
  )
}
