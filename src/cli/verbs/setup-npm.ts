import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { callDaemon } from '../../control/client.ts'
import { editConfig } from '../../daemon/edit-config.ts'
import { showAddress } from '../../daemon/listen-address.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { withoutCairn, withRegistry } from '../setup/edit-npmrc.ts'

export interface SetupNpmOptions extends CommonOptions {
  readonly undo?: boolean
}

/**
 * Has this user's npm fetch through Cairn: the registry npm is configured for becomes the upstream
 * in config.yaml, and one line of the user's .npmrc names Cairn; `--undo` puts that file back. Throws
 * `not-found` without npm, `invalid` for a registry that is no URL.
 */
export async function setupNpm(cli: Cli, options: SetupNpmOptions): Promise<void> {
  const home = cli.environment.HOME ?? homedir()
  const npmrc = cli.environment.npm_config_userconfig ?? join(home, '.npmrc')
  const text = await readFile(npmrc, 'utf8').catch(ignoreMissing)
  const settings = await settingsOf(cli, options)
  const mirror = `http://${showAddress(settings.listen)}/npm/`
  if (options.undo === true) {
    const upstream = settings.npmUpstream?.url
    await undo(npmrc, text, upstream === undefined ? undefined : { registry: mirror, upstream })
    if (options.json === true) cli.terminal.printJson({ npmrc })
    else cli.terminal.print(`${npmrc} is as it was: npm fetches directly`)
    return
  }
  const configured = await configuredRegistry(cli)
  const upstream = configured === mirror ? settings.npmUpstream?.url : configured
  if (upstream === undefined) {
    throw new CairnError(
      'not-found',
      `npm uses ${mirror} already: set npm: upstream in config.yaml`
    )
  }
  makeFolder(settings.home, 0o700)
  const paths = homePaths(settings.home)
  const edits = [{ keys: ['npm', 'upstream'], value: upstream }]
  if (settings.npmUpstream?.url !== upstream) await editConfig(paths.config, edits)
  await callDaemon(paths.socket, 'POST', 'reload', cli.signal)
  await writeFile(npmrc, withRegistry(text, mirror), { mode: 0o600 })
  if (options.json === true) cli.terminal.printJson({ npmrc, upstream, registry: mirror })
  else {
    cli.terminal.print(`${paths.config}: /npm/ mirrors ${upstream}`)
    cli.terminal.print(`${npmrc}: npm fetches from ${mirror}, and nothing while Cairn does not run`)
  }
}

async function undo(
  npmrc: string,
  text: string | undefined,
  cairn: { readonly registry: string; readonly upstream: string } | undefined
): Promise<void> {
  if (text === undefined) return
  const before = withoutCairn(text, cairn)
  if (before === undefined) await rm(npmrc)
  else if (before !== text) await writeFile(npmrc, before)
}

async function configuredRegistry(cli: Cli): Promise<string> {
  const options = { env: { ...cli.environment }, signal: cli.signal }
  const asked = promisify(execFile)(
    'npm',
    ['config', 'get', 'registry', '--location=user'],
    options
  )
  const { stdout } = await asked.catch((cause: unknown) => {
    throw toCairnError(cause, 'npm cannot be asked for its registry')
  })
  const url = URL.parse(stdout.trim())
  if (url === null || url.username !== '' || url.password !== '') {
    throw new CairnError('invalid', 'the registry npm is configured for is no URL Cairn can mirror')
  }
  return url.href.endsWith('/') ? url.href : `${url.href}/`
}

function ignoreMissing(cause: unknown): undefined {
  const error = toCairnError(cause, 'cannot read the settings of npm')
  if (error.code === 'not-found') return undefined
  throw error
}
