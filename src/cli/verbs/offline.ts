import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { callDaemon } from '../../control/client.ts'
import { editConfig } from '../../daemon/edit-config.ts'
import type { Settings } from '../../daemon/settings.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'

/**
 * Switches asking upstreams off and on, all or one (`apt/debian`, `npm/work`, `oci/docker`), in
 * config.yaml and in the daemon if one runs; without `state` says what is off. Throws `not-found` for
 * an upstream that is not configured.
 */
export async function offline(
  cli: Cli,
  state: string | undefined,
  upstream: string | undefined,
  options: CommonOptions
): Promise<void> {
  const settings = await settingsOf(cli, options)
  if (state !== undefined) await change(cli, settings, parseState(state), upstream)
  const now = state === undefined ? settings : await settingsOf(cli, options)
  const off = [...namesOf(now)].filter(([, isOff]) => isOff).map(([name]) => name)
  if (options.json === true) cli.terminal.printJson({ offline: now.offline, upstreams: off })
  else cli.terminal.print(describe(now.offline, off))
}

function parseState(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on'
  throw new CairnError('usage', `${JSON.stringify(text.slice(0, 40))} is neither on nor off`)
}

async function change(
  cli: Cli,
  settings: Settings,
  value: boolean,
  upstream: string | undefined
): Promise<void> {
  const paths = homePaths(settings.home)
  makeFolder(settings.home, 0o700)
  const edit =
    upstream === undefined
      ? { keys: ['offline'], value }
      : { keys: [...keysOf(settings, upstream), 'offline'], value, plainAs: 'url' }
  await editConfig(paths.config, [edit])
  await callDaemon(paths.socket, 'POST', 'reload', cli.signal)
}

function keysOf(settings: Settings, upstream: string): string[] {
  if (!namesOf(settings).has(upstream)) {
    const known = [...namesOf(settings).keys()].join(', ')
    throw new CairnError('not-found', `${upstream} is not configured; there are: ${known}`)
  }
  if (upstream === 'npm') return ['npm', 'upstream']
  const [adapter = '', ...name] = upstream.split('/')
  return [adapter, 'upstreams', name.join('/')]
}

/** Upstreams as they are called here, and whether each is off. */
function namesOf(settings: Settings): Map<string, boolean> {
  const { aptUpstreams, npmUpstream, npmUpstreams, ociUpstreams } = settings
  const named = (adapter: string, upstreams: Readonly<Record<string, { offline: boolean }>>) =>
    Object.entries(upstreams).map(
      ([name, { offline: off }]) => [`${adapter}/${name}`, off] as const
    )
  return new Map([
    ...named('apt', aptUpstreams),
    ...(npmUpstream === undefined ? [] : [['npm', npmUpstream.offline] as const]),
    ...named('npm', npmUpstreams),
    ...named('oci', ociUpstreams)
  ])
}

function describe(all: boolean, off: readonly string[]): string {
  if (all) return 'offline: no upstream is asked; what is held is served'
  return off.length === 0 ? 'online' : `online, but for ${off.join(', ')}`
}
