import type { CID } from 'multiformats/cid'
import { cidFromText } from '../../base/cid-text.ts'
import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { nameText } from '../../base/names.ts'
import type { RestoreResult } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { type Content, mfsRootName, openMfsOf } from '../../daemon/content.ts'
import { restoreMfs } from '../../daemon/restore-mfs.ts'
import { snapshotName } from '../../vfs/frozen/history-tree.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { parsePath } from '../parse-path.ts'
import { withContent } from '../with-content.ts'

/** Puts a snapshot, or what it has at a path, in place of what /mfs has, by the daemon if one runs. */
export async function restore(
  cli: Cli,
  snapshot: string,
  path: string | undefined,
  options: CommonOptions
): Promise<void> {
  const settings = await settingsOf(cli, options)
  const below = pathInMfs(path)
  await withContent(settings.home, async content => {
    const cid = findSnapshot(content, snapshot).toString()
    const query = new URLSearchParams({ cid, path: below })
    const result =
      (await callDaemon<RestoreResult>(
        homePaths(settings.home).socket,
        'POST',
        `restore?${query}`,
        cli.signal
      )) ?? (await restoreHere(cli, content, settings, cid, below))
    if (options.json === true) cli.terminal.printJson(result)
    else cli.terminal.print(result.cid)
  })
}

async function restoreHere(
  cli: Cli,
  content: Content,
  settings: Parameters<typeof openMfsOf>[1],
  cid: string,
  path: string
): Promise<RestoreResult> {
  const mfs = openMfsOf(content, settings)
  try {
    return await restoreMfs(mfs, cid, path, cli.signal)
  } finally {
    mfs.close()
  }
}

/** By its CID, or its name in `mfs/.snapshots` and `cairn log`. */
function findSnapshot(content: Content, text: string): CID {
  const cid = cidFromText(text)
  if (cid !== undefined) return cid
  const found = content.roots.history(mfsRootName).find(entry => snapshotName(entry) === text)
  if (found !== undefined) return found.cid
  throw new CairnError(
    'usage',
    `${JSON.stringify(text.slice(0, 120))} is no CID and no snapshot: "cairn log" lists them`
  )
}

function pathInMfs(text: string | undefined): string {
  if (text === undefined) return ''
  const { tree, names } = parsePath(text.startsWith('/') ? text : `/mfs/${text}`)
  if (tree === 'mfs') return names.map(nameText).join('/')
  throw new CairnError('usage', `${text} is not in /mfs: what else there is never changes`)
}
