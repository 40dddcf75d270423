import { chmod, mkdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { callDaemon } from '../../control/client.ts'
import { editConfig } from '../../daemon/edit-config.ts'
import { showAddress } from '../../daemon/listen-address.ts'
import type { Settings } from '../../daemon/settings.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { type AptFiles, aptFiles, detectorText, settingsText } from '../setup/apt-files.ts'
import { type ChosenUpstreams, chooseUpstreams } from '../setup/choose-upstreams.ts'
import { readAptSources } from '../setup/read-apt-sources.ts'

export interface SetupAptOptions extends CommonOptions {
  readonly undo?: boolean
  /** Another root than `/`: an image or a chroot. */
  readonly root?: string
}

/**
 * Has this machine's apt fetch through Cairn: adds its http repositories to config.yaml and writes
 * one apt setting with the program it runs; `--undo` removes both. Throws `denied` without the
 * rights, `not-found` where no repository is configured.
 */
export async function setupApt(cli: Cli, options: SetupAptOptions): Promise<void> {
  const root = options.root ?? '/'
  const files = aptFiles(root)
  const settings = await settingsOf(cli, options)
  if (options.undo === true) return await undo(cli, files, options)
  const sources = await readAptSources(join(root, 'etc/apt'))
  const chosen = chooseUpstreams(sources, settings.aptUpstreams)
  if (chosen.hosts.length === 0) {
    throw new CairnError(
      'not-found',
      `no http repository is configured in ${join(root, 'etc/apt')}`
    )
  }
  makeFolder(settings.home, 0o700)
  const config = homePaths(settings.home).config
  await editConfig(config, [{ keys: ['apt', 'upstreams'], value: chosen.upstreams }])
  await callDaemon(homePaths(settings.home).socket, 'POST', 'reload', cli.signal)
  await writeFiles(files, settings, chosen)
  if (options.json === true) cli.terminal.printJson({ ...files, config, ...chosen })
  else tell(cli, files, config, chosen)
}

async function writeFiles(
  files: AptFiles,
  settings: Settings,
  chosen: ChosenUpstreams
): Promise<void> {
  const address = showAddress(settings.listen)
  try {
    await mkdir(dirname(files.detector), { recursive: true })
    await writeFile(files.detector, detectorText(address, chosen.hosts))
    await chmod(files.detector, 0o755)
    await mkdir(dirname(files.settings), { recursive: true })
    await writeFile(files.settings, settingsText())
  } catch (cause) {
    await removeFiles(files).catch(() => undefined)
    throw toCairnError(cause, 'cannot change the settings of apt (run it as root)')
  }
}

async function removeFiles(files: AptFiles): Promise<void> {
  await rm(files.settings, { force: true })
  await rm(files.detector, { force: true })
  await rmdir(dirname(files.detector)).catch(() => undefined)
}

async function undo(cli: Cli, files: AptFiles, options: SetupAptOptions): Promise<void> {
  try {
    await removeFiles(files)
  } catch (cause) {
    throw toCairnError(cause, 'cannot change the settings of apt (run it as root)')
  }
  if (options.json === true) cli.terminal.printJson({ removed: files })
  else cli.terminal.print(`removed ${files.settings} and ${files.detector}: apt fetches directly`)
}

function tell(cli: Cli, files: AptFiles, config: string, chosen: ChosenUpstreams): void {
  cli.terminal.print(`wrote ${files.settings}, which has apt run ${files.detector}`)
  for (const [name, url] of Object.entries(chosen.upstreams)) {
    cli.terminal.print(`${config}: ${name} mirrors ${url}`)
  }
  for (const { url, why } of chosen.leftAlone) cli.terminal.print(`left alone ${url}: ${why}`)
  cli.terminal.print('apt goes through Cairn while it runs, and directly while it does not')
}
