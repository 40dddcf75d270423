import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import { callDaemon } from '../../control/client.ts'
import { type ConfigEdit, editConfig } from '../../daemon/edit-config.ts'
import { showAddress } from '../../daemon/listen-address.ts'
import { parseOciUpstreams } from '../../daemon/parse-oci-upstreams.ts'
import type { Settings } from '../../daemon/settings.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import {
  fileOf,
  hostsToml,
  isOurs,
  isThere,
  type OciClient,
  ociClients,
  registriesConf,
  withMirror,
  withoutMirror
} from '../setup/oci-files.ts'

export interface SetupOciOptions extends CommonOptions {
  readonly undo?: boolean
  readonly client?: string
  /** Another root than `/`: an image or a chroot. */
  readonly root?: string
}

const advice: Readonly<Record<OciClient, string>> = {
  podman: 'podman, skopeo and buildah ask Cairn first while it runs, else the registry',
  containerd:
    'containerd asks Cairn first while it runs; its config.toml needs config_path = "/etc/containerd/certs.d"',
  docker: 'docker asks Cairn first for images of its hub, after a restart of docker'
}

/**
 * Has container clients of this machine pull through Cairn: adds registries to config.yaml and
 * writes one file of each client; `--undo` puts those back. Throws `denied` without the rights,
 * `not-found` without a client or a registry, `exists` where a file of somebody else is in the way.
 */
export async function setupOci(
  cli: Cli,
  given: readonly string[],
  options: SetupOciOptions
): Promise<void> {
  const settings = await settingsOf(cli, options)
  const root = options.root ?? '/'
  const chosen = chooseClients(root, options)
  if (options.undo === true) return await undo(cli, chosen, root, settings, options)
  const upstreams = { ...upstreamsOf(settings), ...parseRegistries(given) }
  if (Object.keys(upstreams).length === 0) {
    const how = 'name one as in `cairn setup oci registry.example`, or NAME=URL'
    throw new CairnError('not-found', `no registry is configured: ${how}`)
  }
  const texts = new Map<string, string>()
  for (const client of chosen) {
    texts.set(fileOf(client, root), await textFor(client, root, settings, upstreams))
  }
  const config = await configure(cli, settings, upstreams, chosen)
  for (const [file, text] of texts) await write(file, text)
  const files = [...texts.keys()]
  if (options.json === true) return cli.terminal.printJson({ files, config, upstreams })
  for (const [name, url] of Object.entries(upstreams)) {
    cli.terminal.print(`${config}: ${name} mirrors ${url}`)
  }
  for (const client of chosen) {
    cli.terminal.print(`wrote ${fileOf(client, root)}: ${advice[client]}`)
  }
}

function chooseClients(root: string, { client, undo }: SetupOciOptions): OciClient[] {
  if (client !== undefined) {
    const found = ociClients.find(each => each === client)
    if (found !== undefined) return [found]
    throw new CairnError(
      'usage',
      `--client ${client} is not known: choose ${ociClients.join(', ')}`
    )
  }
  const there = ociClients.filter(each => isThere(each, root))
  if (there.length > 0 || undo === true) return there
  throw new CairnError('not-found', `no podman, containerd or docker is set up in ${root}`)
}

function upstreamsOf({ ociUpstreams }: Settings): Record<string, string> {
  return Object.fromEntries(Object.entries(ociUpstreams).map(([name, { url }]) => [name, url]))
}

/** Of each `registry.example` or `name=url`; checked before anything is written. Throws `usage`. */
function parseRegistries(given: readonly string[]): Record<string, string> {
  const named = given.map(text => {
    const [, name = text, url = `https://${text}/`] = /^([^=]*)=(.*)$/s.exec(text) ?? []
    return [name, url] as const
  })
  try {
    const parsed = Object.entries(parseOciUpstreams(Object.fromEntries(named)))
    return Object.fromEntries(parsed.map(([name, { url }]) => [name, url]))
  } catch (cause) {
    throw new CairnError('usage', toCairnError(cause).message, { cause })
  }
}

async function configure(
  cli: Cli,
  settings: Settings,
  upstreams: Readonly<Record<string, string>>,
  chosen: readonly OciClient[]
): Promise<string> {
  await mkdir(settings.home, { recursive: true, mode: 0o700 })
  const paths = homePaths(settings.home)
  const edits: ConfigEdit[] = Object.entries(upstreams)
    .filter(([name, url]) => settings.ociUpstreams[name]?.url !== url)
    .map(([name, value]) => ({ keys: ['oci', 'upstreams', name], value }))
  const otherwise = chosen.includes('docker') ? hubOf(settings, upstreams) : undefined
  if (otherwise !== undefined) edits.push({ keys: ['oci', 'otherwise'], value: otherwise })
  await editConfig(paths.config, edits)
  await callDaemon(paths.socket, 'POST', 'reload', cli.signal)
  return paths.config
}

/** docker's mirrors are asked for its hub's images by un-prefixed names. */
function hubOf(
  { ociOtherwise }: Settings,
  upstreams: Readonly<Record<string, string>>
): string | undefined {
  if (ociOtherwise !== undefined) return undefined
  const names = Object.keys(upstreams)
  const hub =
    names.find(name => name.startsWith('docker.')) ?? (names.length === 1 ? names[0] : undefined)
  if (hub !== undefined) return hub
  const how = 'set oci: otherwise: in config.yaml to the upstream that mirrors it'
  throw new CairnError('not-found', `docker mirrors its own hub only: ${how}`)
}

/** What a client's file is to hold; looked at for all of them before one is written. */
async function textFor(
  client: OciClient,
  root: string,
  settings: Settings,
  upstreams: Readonly<Record<string, string>>
): Promise<string> {
  const file = fileOf(client, root)
  const address = showAddress(settings.listen)
  const old = await readOrUndefined(file)
  if (client === 'docker') return withMirror(old ?? '', `http://${address}`)
  if (old !== undefined && !isOurs(old)) {
    const others = 'choose the others with --client'
    throw new CairnError(
      'exists',
      `${file} is there already: take it away, or add Cairn by hand and ${others}`
    )
  }
  return client === 'podman' ? registriesConf(address, upstreams) : hostsToml(address)
}

async function write(file: string, text: string): Promise<void> {
  await changing(async () => {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  })
}

async function undo(
  cli: Cli,
  chosen: readonly OciClient[],
  root: string,
  settings: Settings,
  options: SetupOciOptions
): Promise<void> {
  const restored: string[] = []
  for (const client of chosen) {
    const file = fileOf(client, root)
    const old = await readOrUndefined(file)
    if (old === undefined) continue
    const mirror = `http://${showAddress(settings.listen)}`
    const text = client === 'docker' ? withoutMirror(old, mirror) : isOurs(old) ? '' : old
    if (text === old) continue
    await changing(() => (text === '' ? remove(client, file) : writeFile(file, text)))
    restored.push(file)
  }
  if (options.json === true) cli.terminal.printJson({ restored })
  else if (restored.length === 0) cli.terminal.print('nothing was set up')
  for (const file of options.json === true ? [] : restored) {
    cli.terminal.print(`${file} is as it was: its client pulls directly`)
  }
}

/** With the folder that only we have a file in; the others are the client's own. */
async function remove(client: OciClient, file: string): Promise<void> {
  await rm(file)
  if (client === 'containerd') await rmdir(dirname(file)).catch(() => undefined)
}

async function changing(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    throw toCairnError(cause, 'cannot change the settings of a container client (run it as root)')
  }
}

async function readOrUndefined(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const error = toCairnError(cause, `cannot read ${file}`)
    if (error.code === 'not-found') return undefined
    throw error
  }
}
