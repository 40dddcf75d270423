import { existsSync } from 'node:fs'
import { chmod, mkdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { callDaemon } from '../../control/client.ts'
import { type ConfigEdit, editConfig } from '../../daemon/edit-config.ts'
import { showAddress } from '../../daemon/listen-address.ts'
import type { Settings } from '../../daemon/settings.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { type AptFiles, aptFiles, detectorText, settingsText } from '../setup/apt-files.ts'
import { type ChosenUpstreams, chooseUpstreams } from '../setup/choose-upstreams.ts'
import { isMirrorList, mirrorListFolder, mirrorLists } from '../setup/mirror-lists.ts'
import { readAptSources } from '../setup/read-apt-sources.ts'

export interface SetupAptOptions extends CommonOptions {
  readonly undo?: boolean
  /** Another root than `/`: an image or a chroot. */
  readonly root?: string
  /** Write mirror lists for `mirror+file:` sources, instead of the proxy setting. */
  readonly mirrorLists?: boolean
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
  const chosen = chooseUpstreams(sources, urlsOf(settings))
  if (chosen.hosts.length === 0) {
    throw new CairnError(
      'not-found',
      `no http repository is configured in ${join(root, 'etc/apt')}`
    )
  }
  makeFolder(settings.home, 0o700)
  const config = homePaths(settings.home).config
  await editConfig(config, editsOf(settings, chosen, root))
  await callDaemon(homePaths(settings.home).socket, 'POST', 'reload', cli.signal)
  if (options.mirrorLists === true) return await offerLists(cli, settings, chosen, options)
  await writeFiles(files, settings, chosen)
  if (options.json === true) cli.terminal.printJson({ ...files, config, ...chosen })
  else tell(cli, files, config, chosen)
}

function urlsOf({ aptUpstreams }: Settings): Record<string, string> {
  return Object.fromEntries(Object.entries(aptUpstreams).map(([name, { url }]) => [name, url]))
}

/** What is new; what stands there stays as it was written. A keyring of the sources is one of Cairn's too. */
function editsOf(settings: Settings, chosen: ChosenUpstreams, root: string): ConfigEdit[] {
  return Object.entries(chosen.upstreams)
    .filter(([name]) => !Object.hasOwn(settings.aptUpstreams, name))
    .map(([name, url]) => {
      const named = chosen.keyrings[name]
      const keyring = named === undefined ? undefined : resolve(root, `.${named}`)
      const checked = keyring !== undefined && existsSync(keyring)
      return { keys: ['apt', 'upstreams', name], value: checked ? { url, keyring } : url }
    })
}

/** Whose sources they are edits them: no file of apt changes by this. */
async function offerLists(
  cli: Cli,
  settings: Settings,
  chosen: ChosenUpstreams,
  options: SetupAptOptions
): Promise<void> {
  const root = options.root ?? '/'
  const own = Object.entries(chosen.upstreams).filter(([, url]) => url.startsWith('http:'))
  const lists = mirrorLists(root, showAddress(settings.listen), Object.fromEntries(own))
  try {
    await mkdir(mirrorListFolder(root), { recursive: true })
    for (const { file, text } of lists) await writeFile(file, text)
  } catch (cause) {
    throw toCairnError(cause, 'cannot write mirror lists for apt (run it as root)')
  }
  if (options.json === true) return cli.terminal.printJson({ lists, ...chosen })
  for (const { file } of lists) cli.terminal.print(`wrote ${file}`)
  cli.terminal.print('In the sources of apt, write for each repository, and apt goes to the mirror')
  cli.terminal.print('itself whenever Cairn does not have a file or does not run:')
  for (const [index, { uri }] of lists.entries()) {
    cli.terminal.print(`  ${own[index]?.[1]}  ->  ${uri}`)
  }
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

/** Lists that the sources name stay: apt would fetch nothing without them, and goes to the mirror by them. */
async function undo(cli: Cli, files: AptFiles, options: SetupAptOptions): Promise<void> {
  const sources = await readAptSources(join(options.root ?? '/', 'etc/apt'))
  const naming = [...new Set(sources.filter(({ url }) => isMirrorList(url)).map(each => each.file))]
  try {
    await removeFiles(files)
    if (naming.length === 0) await rm(files.mirrorLists, { force: true, recursive: true })
  } catch (cause) {
    throw toCairnError(cause, 'cannot change the settings of apt (run it as root)')
  }
  if (options.json === true) return cli.terminal.printJson({ removed: files, naming })
  cli.terminal.print(`removed ${files.settings} and ${files.detector}: apt fetches directly`)
  for (const file of naming) {
    cli.terminal.print(
      `left ${files.mirrorLists}: ${file} names it; write the mirror there, then run this again`
    )
  }
}

function tell(cli: Cli, files: AptFiles, config: string, chosen: ChosenUpstreams): void {
  cli.terminal.print(`wrote ${files.settings}, which has apt run ${files.detector}`)
  for (const [name, url] of Object.entries(chosen.upstreams)) {
    cli.terminal.print(`${config}: ${name} mirrors ${url}`)
  }
  for (const { url, why } of chosen.leftAlone) cli.terminal.print(`left alone ${url}: ${why}`)
  cli.terminal.print('apt goes through Cairn while it runs, and directly while it does not')
}
