import { homePaths } from '../../base/home.ts'
import type { SnapshotResult } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { mfsRootName, openMfsOf } from '../../daemon/content.ts'
import type { Settings } from '../../daemon/settings.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { withContent } from '../with-content.ts'

/** Seals /mfs, by the daemon if one runs, and prints its root's CID. */
export async function snapshot(cli: Cli, options: CommonOptions): Promise<void> {
  const settings = await settingsOf(cli, options)
  const result =
    (await callDaemon<SnapshotResult>(
      homePaths(settings.home).socket,
      'POST',
      'snapshot',
      cli.signal
    )) ?? (await sealHere(cli, settings))
  if (options.json === true) cli.terminal.printJson(result)
  else cli.terminal.print(result.cid)
}

async function sealHere(cli: Cli, settings: Settings): Promise<SnapshotResult> {
  return withContent(settings.home, async content => {
    const mfs = openMfsOf(content, settings)
    try {
      const before = content.roots.get(mfsRootName)?.cid.toString()
      const cid = (await mfs.snapshot('snapshot', { signal: cli.signal })).cid.toString()
      return { cid, changed: cid !== before }
    } finally {
      mfs.close()
    }
  })
}
