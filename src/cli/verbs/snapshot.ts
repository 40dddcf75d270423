import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { sealMfs } from '../seal-mfs.ts'
import { withContent } from '../with-content.ts'

/** Seals /mfs, by the daemon if one runs, and prints its root's CID. */
export async function snapshot(cli: Cli, options: CommonOptions): Promise<void> {
  const settings = await settingsOf(cli, options)
  const result = await withContent(settings.home, content =>
    sealMfs(cli, { content, settings }, 'snapshot')
  )
  if (options.json === true) cli.terminal.printJson(result)
  else cli.terminal.print(result.cid)
}
