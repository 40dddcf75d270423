import type { Content } from '../daemon/content.ts'
import { openNamesOf } from '../daemon/open-names.ts'
import type { Settings } from '../daemon/settings.ts'
import type { Names } from '../names/api.ts'
import { type Cli, type CommonOptions, settingsOf } from './cli.ts'
import { withContent } from './with-content.ts'

export interface OpenedNames {
  readonly names: Names
  readonly content: Content
  readonly settings: Settings
}

/** Opens the names of a home, runs `work` on them and closes all. */
export async function withNames<T>(
  cli: Cli,
  options: CommonOptions,
  work: (opened: OpenedNames) => Promise<T> | T
): Promise<T> {
  const settings = await settingsOf(cli, options)
  return withContent(settings.home, async content =>
    work({ names: openNamesOf(content, settings), content, settings })
  )
}
