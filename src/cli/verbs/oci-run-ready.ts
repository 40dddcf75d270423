import { readFileSync, statSync } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import type { Status } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { settingsOf } from '../cli.ts'
import { fetchImage, fetchPart } from '../oci/fetch-image.ts'
import { type ImageName, parseImageName } from '../oci/image-name.ts'
import {
  findOwner,
  type ImageProcess,
  mountPoints,
  readImageConfig,
  runtimeConfig
} from '../oci/runtime-config.ts'

export interface RunReadyOptions extends CommonOptions {
  readonly wait?: boolean
}

/**
 * Makes a bundle that runc starts from over an image's root filesystem in the mount, and says where
 * both are. What is not held is pulled; unless `wait` is false this returns when it is known where the
 * image has places for mounts, and who its user is. Throws `not-found` without a daemon, a mount or the image.
 */
export async function ociRunReady(cli: Cli, text: string, options: RunReadyOptions): Promise<void> {
  const image = parseImageName(text)
  const { home, ociOtherwise } = await settingsOf(cli, options)
  const paths = homePaths(home)
  const status = await callDaemon<Status>(paths.socket, 'GET', 'status', cli.signal)
  if (status === undefined) {
    throw new CairnError('not-found', `no daemon runs on ${home}: start one with \`cairn start\``)
  }
  const process = await fetchProcess(status.listen, image, cli.signal)
  const rootfs = join(folderOf(packagesOf(status), image, ociOtherwise), 'rootfs')
  const waits = options.wait !== false
  if (!isFolder(rootfs)) throw new CairnError('not-found', `there is no ${rootfs}`)
  if (waits) for (const path of lookedAt(process)) await untilShown(join(rootfs, path), cli.signal)
  const bundle = join(home, 'bundles', image.name, image.tag)
  await mkdir(bundle, { recursive: true, mode: 0o700 })
  const hostname = image.name.replace(/^.*\//, '').slice(0, 63)
  const owner = waits ? ownerIn(rootfs, process) : numericOwner(process)
  const has = waits ? mountPoints.filter(path => isFolder(join(rootfs, path))) : mountPoints
  const config = runtimeConfig({ process, owner, rootfs, hostname, has })
  await writeFile(join(bundle, 'config.json'), `${JSON.stringify(config, undefined, 2)}\n`)
  if (options.json === true) return cli.terminal.printJson({ bundle, rootfs, args: process.args })
  const command = process.args.map(shown).join(' ')
  cli.terminal.print(`runc run --bundle ${shown(bundle)} ${hostname}`)
  cli.terminal.print(`podman run --rootfs ${shown(rootfs)}:O ${command}`)
  cli.terminal.print(`chroot ${shown(rootfs)} ${command}`)
}

function packagesOf({ mounts }: Status): string {
  const mount = mounts.find(({ name, state }) => name === 'pkg' && state === 'mounted')
  if (mount !== undefined) return mount.path
  throw new CairnError('not-found', 'the packages are not mounted: see `cairn doctor`')
}

/** Where the image is shown: a name without a prefix that was not pushed here is an upstream's. */
function folderOf(packages: string, { name, tag }: ImageName, otherwise?: string): string {
  const own = join(packages, 'oci', name, tag)
  return otherwise === undefined || isFolder(own)
    ? own
    : join(packages, 'oci', otherwise, name, tag)
}

async function fetchProcess(
  listen: string,
  image: ImageName,
  signal: AbortSignal
): Promise<ImageProcess> {
  const registry = { base: `http://${listen}/`, signal }
  const { config } = await fetchImage(registry, image, process.arch)
  if (config === undefined) {
    throw new CairnError('invalid', `${image.name}:${image.tag} is no image: it has no config`)
  }
  return readImageConfig(await fetchPart(registry, image, `blobs/${config.digest}`))
}

/** What of the image decides what the bundle says. */
function lookedAt({ user }: ImageProcess): string[] {
  return isNumeric(user) ? [...mountPoints] : [...mountPoints, '/etc/passwd', '/etc/group']
}

/** Whether the owner is known without the image's passwd: a look at that may wait for all layers. */
function isNumeric(user: string): boolean {
  return user === '' || /^\d+:\d+$/.test(user)
}

/** A look into an image has it unpacked; one that took too long goes on without who looked. */
async function untilShown(path: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await stat(path).then(() => {}, ignoreMissing)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code !== 'ETIMEDOUT') throw toCairnError(cause, `${path} cannot be read`)
      await wait(100, undefined, { signal })
    }
  }
}

function ignoreMissing(cause: unknown): void {
  const { code = '' } = cause as NodeJS.ErrnoException
  if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) throw cause
}

function ownerIn(rootfs: string, { user }: ImageProcess): { uid: number; gid: number } {
  if (isNumeric(user)) return numericOwner({ user })
  const owner = findOwner(user, read(join(rootfs, 'etc/passwd')), read(join(rootfs, 'etc/group')))
  if (owner !== undefined) return owner
  throw new CairnError('invalid', `the image's user ${JSON.stringify(user)} is not in its passwd`)
}

function numericOwner({ user }: Pick<ImageProcess, 'user'>): { uid: number; gid: number } {
  const owner = findOwner(user, '', '')
  if (owner !== undefined) return owner
  throw new CairnError(
    'unsupported',
    `the image's user ${JSON.stringify(user)} is looked up in the image: leave --no-wait out`
  )
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** As a shell takes it. */
function shown(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
