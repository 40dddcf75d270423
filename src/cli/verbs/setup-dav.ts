import { networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import { CairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import type { Status } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { type ListenAddress, parseListen, showAddress } from '../../daemon/listen-address.ts'
import type { Settings } from '../../daemon/settings.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { type DriveAddresses, driveSteps } from '../setup/drive-steps.ts'
import { drivesMounted, gioUrl, mapByGio, mountDrive, unmountDrive } from '../setup/map-drive.ts'

export interface SetupDavOptions extends CommonOptions {
  readonly mount?: string
  readonly gio?: boolean
  readonly undo?: boolean
}

/**
 * Shows how each system maps the drive, with a QR code where phones reach it; with a folder, mounts
 * it there, or in the session of GNOME, and with `--undo` unmounts it. Throws what mounting did.
 */
export async function setupDav(cli: Cli, options: SetupDavOptions): Promise<void> {
  if (options.gio === true && options.mount !== undefined) {
    throw new CairnError('usage', 'gio chooses the folder itself: give --mount or --gio')
  }
  const settings = await settingsOf(cli, options)
  const addresses = await addressesOf(cli, settings)
  if (options.gio === true) return await mapInSession(cli, addresses, options)
  if (options.undo === true) return await unmap(cli, addresses, options)
  if (options.mount !== undefined) return await map(cli, settings, addresses, options)
  const steps = driveSteps(addresses)
  const { terminal } = cli
  if (options.json === true) {
    terminal.printJson({ ...addresses, steps })
    return
  }
  terminal.print(`this machine  ${addresses.here}`)
  terminal.print(
    `others        ${addresses.shared ?? 'no: cairn user add, then share and tls in config.yaml'}`
  )
  if (addresses.fingerprint !== undefined) terminal.print(`certificate   ${addresses.fingerprint}`)
  for (const { system, steps: lines } of steps) {
    terminal.print(`\n${system}`)
    for (const line of lines) terminal.print(`  ${line}`)
  }
  if (addresses.shared !== undefined) terminal.print(`\n${await qrCode(addresses.shared)}`)
}

async function map(
  { terminal }: Cli,
  { home }: Settings,
  { here }: DriveAddresses,
  { mount = '', json = false }: SetupDavOptions
): Promise<void> {
  const folder = resolve(mount)
  const now = await mountDrive(here, folder, home)
  if (json) terminal.printJson({ folder, mounted: true })
  else terminal.print(`${here} is mounted on ${folder}${now ? '' : ' already'}`)
}

async function unmap(
  { terminal }: Cli,
  { here }: DriveAddresses,
  { mount, json = false }: SetupDavOptions
): Promise<void> {
  const folder = mount === undefined ? await theOnlyOne(here) : resolve(mount)
  await unmountDrive(folder)
  if (json) terminal.printJson({ folder, mounted: false })
  else terminal.print(`${folder} is unmounted`)
}

async function theOnlyOne(url: string): Promise<string> {
  const [folder, ...others] = await drivesMounted(url)
  if (folder === undefined) {
    throw new CairnError(
      'not-found',
      `davfs2 has not mounted ${url} anywhere; what GNOME has mounted is unmounted by --gio --undo`
    )
  }
  if (others.length === 0) return folder
  throw new CairnError(
    'usage',
    `which folder is to be unmounted: give --mount ${folder}, or ${others.join(', ')}`
  )
}

async function mapInSession(
  { terminal }: Cli,
  { here }: DriveAddresses,
  { undo = false, json = false }: SetupDavOptions
): Promise<void> {
  await mapByGio(here, undo)
  const url = gioUrl(here)
  if (json) terminal.printJson({ url, mounted: !undo })
  else terminal.print(`${url} is ${undo ? 'unmounted' : 'mounted'}`)
}

/** Of the daemon if one runs, since a port may be any that was free; else as configured. */
async function addressesOf(cli: Cli, settings: Settings): Promise<DriveAddresses> {
  const { socket } = homePaths(settings.home)
  const status = await callDaemon<Status>(socket, 'GET', 'status', cli.signal)
  const here = status?.listen ?? showAddress(settings.listen)
  const share = status === undefined ? settings.share : shareOf(status)
  return {
    here: `http://${here}/dav/mfs/`,
    shared: share && `https://${showAddress(reachable(share))}/dav/mfs/`,
    fingerprint: status?.share?.fingerprint
  }
}

function shareOf({ share }: Status): ListenAddress | undefined {
  return share === undefined ? undefined : parseListen(share.listen)
}

/** An address of this machine that others can ask, where it listens on all of them. */
function reachable({ host, port }: ListenAddress): ListenAddress {
  if (host !== '0.0.0.0' && host !== '::') return { host, port }
  const others = Object.values(networkInterfaces())
    .flatMap(each => each ?? [])
    .filter(({ internal }) => !internal)
  const found = others.find(({ family }) => family === 'IPv4') ?? others[0]
  return { host: found?.address ?? host, port }
}

/** Light on dark, as terminals mostly are; its quiet zone makes it readable on both. */
async function qrCode(text: string): Promise<string> {
  const { default: encodeQR } = await import('qr')
  return encodeQR(text, 'term', { ecc: 'low' }).trimEnd()
}
