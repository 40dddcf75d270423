import { readFileSync, statSync } from 'node:fs'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Descriptor, readManifest } from '../../../adapters/oci/manifest.ts'
import { platformFor } from '../../../adapters/oci/platform.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { homePaths } from '../../base/home.ts'
import type { Status } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { settingsOf } from '../cli.ts'
import { type ImageName, parseImageName } from '../oci/image-name.ts'
import {
  findOwner,
  type ImageProcess,
  mountPoints,
  readImageConfig,
  runtimeConfig
} from '../oci/runtime-config.ts'

/**
 * Makes a bundle that runc starts from over an image's root filesystem in the mount, and says where
 * both are. What is not held is pulled. Throws `not-found` without a daemon, a mount or the image.
 */
export async function ociRunReady(cli: Cli, text: string, options: CommonOptions): Promise<void> {
  const image = parseImageName(text)
  const { home, ociOtherwise } = await settingsOf(cli, options)
  const paths = homePaths(home)
  const status = await callDaemon<Status>(paths.socket, 'GET', 'status', cli.signal)
  if (status === undefined) {
    throw new CairnError('not-found', `no daemon runs on ${home}: start one with \`cairn start\``)
  }
  const process = await fetchProcess(status.listen, image, cli.signal)
  const rootfs = join(folderOf(packagesOf(status), image, ociOtherwise), 'rootfs')
  await untilUnpacked(rootfs, cli.signal)
  const bundle = join(home, 'bundles', image.name, image.tag)
  await mkdir(bundle, { recursive: true, mode: 0o700 })
  const hostname = image.name.replace(/^.*\//, '').slice(0, 63)
  const owner = ownerIn(rootfs, process)
  const has = mountPoints.filter(path => isFolder(join(rootfs, path)))
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
  { name, tag }: ImageName,
  signal: AbortSignal
): Promise<ImageProcess> {
  const ask = async (path: string): Promise<Uint8Array> => {
    const url = `http://${listen}/v2/${name}/${path}`
    const answer = await fetch(url, { signal }).catch((cause: unknown) => {
      throw toCairnError(cause, `${url} cannot be asked`)
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (answer.ok) return bytes
    const code = answer.status === 404 ? 'not-found' : 'upstream'
    throw new CairnError(code, `${name}:${tag}: ${messageIn(bytes)}`)
  }
  let manifest = readManifest(await ask(`manifests/${tag}`))
  if (manifest.manifests.length > 0) {
    const chosen: Descriptor = platformFor(manifest.manifests, process.arch)
    manifest = readManifest(await ask(`manifests/${chosen.digest}`))
  }
  if (manifest.config === undefined) {
    throw new CairnError('invalid', `${name}:${tag} is no image: it has no config`)
  }
  return readImageConfig(await ask(`blobs/${manifest.config.digest}`))
}

function messageIn(bytes: Buffer): string {
  try {
    const { errors } = JSON.parse(bytes.toString('utf8')) as { errors?: [{ message?: string }] }
    return errors?.[0]?.message ?? 'not to be had'
  } catch {
    return 'not to be had'
  }
}

/** A look into it unpacks it; one that took too long goes on without who looked. */
async function untilUnpacked(rootfs: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    try {
      await stat(join(rootfs, '.'))
      await stat(join(rootfs, 'proc')).catch(ignoreMissing)
      return
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code !== 'ETIMEDOUT') throw toCairnError(cause, `${rootfs} cannot be read`)
      await wait(100, undefined, { signal })
    }
  }
}

function ignoreMissing(cause: unknown): void {
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
}

function ownerIn(rootfs: string, { user }: ImageProcess): { uid: number; gid: number } {
  const owner = findOwner(user, read(join(rootfs, 'etc/passwd')), read(join(rootfs, 'etc/group')))
  if (owner !== undefined) return owner
  throw new CairnError('invalid', `the image's user ${JSON.stringify(user)} is not in its passwd`)
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
