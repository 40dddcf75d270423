import { CairnError } from '../../base/errors.ts'
import { showMoment } from '../../base/show-units.ts'
import { type Content, mfsRootName } from '../../daemon/content.ts'
import { openNamesOf } from '../../daemon/open-names.ts'
import { rootOfName } from '../../names/publisher.ts'
import { snapshotName } from '../../vfs/frozen/history-tree.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { withContent } from '../with-content.ts'

export interface LogOptions extends CommonOptions {
  readonly limit: string
}

/**
 * Lists the earlier roots of /mfs, newest first, each by its name in `mfs/.snapshots`; or of a name, and
 * what other machines published with its key.
 */
export async function log(cli: Cli, which: string | undefined, options: LogOptions): Promise<void> {
  const limit = parseLimit(options.limit)
  const settings = await settingsOf(cli, options)
  await withContent(settings.home, async content => {
    const root = which === undefined ? mfsRootName : rootOf(cli, options, content, which)
    for (const { cid, sequence, atMs, profile, reason } of content.roots.history(root, { limit })) {
      const name = snapshotName({ atMs })
      if (options.json === true) {
        cli.terminal.printJson({ cid: cid.toString(), name, sequence, atMs, profile, reason })
      } else {
        cli.terminal.print(`${cid}  ${name}  ${reason}`)
      }
    }
  })
}

/** Of a name in /ipns; heads that others published come first. Throws `not-found`. */
function rootOf(cli: Cli, { json }: LogOptions, content: Content, which: string): string {
  const names = openNamesOf(content)
  const text = which.replace(/^\/ipns\//, '')
  const name = names.find(text)?.name ?? names.keys.find(text)?.name
  if (name === undefined) {
    throw new CairnError('not-found', `${which} is neither published nor followed here`)
  }
  for (const { value, sequence, seenMs } of names.heads({ name, all: true })) {
    const head = { value, sequence: sequence.toString(), seenMs }
    if (json === true) cli.terminal.printJson({ head })
    else
      cli.terminal.print(
        `${value}  seen ${showMoment(seenMs)}  record ${sequence} of another machine`
      )
  }
  return rootOfName(name)
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (!/^\d{1,6}$/.test(text) || limit < 1) {
    throw new CairnError('usage', `--limit ${JSON.stringify(text)}: give a number from 1 to 999999`)
  }
  return limit
}
