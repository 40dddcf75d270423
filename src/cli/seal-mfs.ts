import { homePaths } from '../base/home.ts'
import type { SnapshotResult } from '../control/api.ts'
import { callDaemon } from '../control/client.ts'
import { type Content, mfsRootName, openMfsOf } from '../daemon/content.ts'
import type { Settings } from '../daemon/settings.ts'
import type { Cli } from './cli.ts'

/** Seals /mfs, by the daemon if one runs. */
export async function sealMfs(
  cli: Cli,
  { content, settings }: { readonly content: Content; readonly settings: Settings },
  reason: string
): Promise<SnapshotResult> {
  const { socket } = homePaths(settings.home)
  const result = await callDaemon<SnapshotResult>(socket, 'POST', 'snapshot', cli.signal)
  if (result !== undefined) return result
  const mfs = openMfsOf(content, settings)
  try {
    const before = content.roots.get(mfsRootName)?.cid.toString()
    const cid = (await mfs.snapshot(reason, { signal: cli.signal })).cid.toString()
    return { cid, changed: cid !== before }
  } finally {
    mfs.close()
  }
}
