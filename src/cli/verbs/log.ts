import { CairnError } from '../../base/errors.ts'
import { mfsRootName } from '../../daemon/content.ts'
import { snapshotName } from '../../vfs/frozen/history-tree.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { withContent } from '../with-content.ts'

export interface LogOptions extends CommonOptions {
  readonly limit: string
}

/** Lists the earlier roots of /mfs, newest first, each by its name in `mfs/.snapshots`. */
export async function log(cli: Cli, options: LogOptions): Promise<void> {
  const limit = parseLimit(options.limit)
  const settings = await settingsOf(cli, options)
  await withContent(settings.home, async ({ roots }) => {
    for (const { cid, sequence, atMs, profile, reason } of roots.history(mfsRootName, { limit })) {
      const name = snapshotName({ atMs })
      if (options.json === true) {
        cli.terminal.printJson({ cid: cid.toString(), name, sequence, atMs, profile, reason })
      } else {
        cli.terminal.print(`${cid}  ${name}  ${reason}`)
      }
    }
  })
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (!/^\d{1,6}$/.test(text) || limit < 1) {
    throw new CairnError('usage', `--limit ${JSON.stringify(text)}: give a number from 1 to 999999`)
  }
  return limit
}
